"""The commands that make an application of one's own, printed and never run: to read, later to write, then its end.

Ids are looked up by name. Source of the options: the pages of `az ad app` and of Microsoft Graph PowerShell.
"""

from __future__ import annotations

from collections.abc import Iterator

from migrate.model.permissions import READ_SET, WRITE_POLICIES, WRITE_STATES

GRAPH_APPLICATION = "00000003-0000-0000-c000-000000000000"
"""Application id of Microsoft Graph in every tenant."""
TRAP = (
    "`az ad app permission grant` replaces what the application was granted before: run it for your own application "
    "only, never for 14d82eec-204b-4c2f-b7e8-296a70dab67e, which others use too."
)


def az_lines(tenant: str, operator: str) -> Iterator[str]:
    """Yield the commands of the Azure CLI, for a person who signs in through the application."""
    read, write = " ".join(READ_SET), " ".join((*WRITE_STATES, *WRITE_POLICIES))
    grant = (
        "az ad app permission grant --id $APP --api $GRAPH --consent-type Principal --principal-id $OP --scope $READ"
    )
    yield f'GRAPH={GRAPH_APPLICATION}; READ="{read}"'
    yield f"az login --tenant {tenant} --allow-no-subscriptions"
    yield (
        "APP=$(az ad app create --display-name mfa-migrate --sign-in-audience AzureADMyOrg --is-fallback-public-client "
        "true --public-client-redirect-uris http://localhost --query appId -o tsv)"
    )
    yield f"az ad sp create --id $APP; OP=$(az ad user show --id {operator} --query id -o tsv)"
    yield grant
    yield "# before the waves (the second permission only where the plan changes policies):"
    yield f"{grant} {write}"
    yield "# after the last wave, so that it can only read again:"
    yield grant
    yield "# in the end:"
    yield "az ad app delete --id $APP"


def az_lines_unattended(graph: str) -> Iterator[str]:
    """Yield what an application that acts for itself needs besides, for each permission; `graph` is Graph's origin."""
    yield "SP=$(az ad sp show --id $APP --query id -o tsv); G=$(az ad sp show --id $GRAPH --query id -o tsv)"
    yield "for P in $READ; do"
    yield """  R=$(az ad sp show --id $GRAPH --query "appRoles[?value=='$P'].id | [0]" -o tsv)"""
    yield (
        f"  az rest --method POST --url {graph}/v1.0/servicePrincipals/$SP/appRoleAssignments "
        r'--body "{\"principalId\":\"$SP\",\"resourceId\":\"$G\",\"appRoleId\":\"$R\"}"'
    )
    yield "done"
    yield "az ad app credential reset --id $APP --cert @public.pem --append"


def powershell_lines(tenant: str, operator: str) -> Iterator[str]:
    """Yield the same with Microsoft Graph PowerShell."""
    read = " ".join(READ_SET)
    yield (
        f"Connect-MgGraph -TenantId {tenant} -ContextScope Process -Scopes "
        "Application.ReadWrite.All,DelegatedPermissionGrant.ReadWrite.All,User.Read.All"
    )
    yield f"$g = Get-MgServicePrincipal -Filter \"appId eq '{GRAPH_APPLICATION}'\"; $read = -split '{read}'"
    yield "$list = $g.Oauth2PermissionScopes | ? Value -in $read | % { @{ Id = $_.Id; Type = 'Scope' } }"
    yield (
        "$app = New-MgApplication -DisplayName mfa-migrate -SignInAudience AzureADMyOrg -IsFallbackPublicClient "
        "-PublicClient @{ RedirectUris = @('http://localhost') } "
        "-RequiredResourceAccess @(@{ ResourceAppId = $g.AppId; ResourceAccess = @($list) })"
    )
    yield f"$sp = New-MgServicePrincipal -AppId $app.AppId; $op = Get-MgUser -UserId {operator}"
    yield (
        "$grant = New-MgOauth2PermissionGrant -BodyParameter @{ clientId = $sp.Id; consentType = 'Principal'; "
        "principalId = $op.Id; resourceId = $g.Id; scope = $read -join ' ' }"
    )
    yield "# before the waves (the second permission only where the plan changes policies):"
    write = ", ".join(f"'{name}'" for name in (*WRITE_STATES, *WRITE_POLICIES))
    change = "Update-MgOauth2PermissionGrant -OAuth2PermissionGrantId $grant.Id -BodyParameter @{ scope = "
    yield f"{change}($read + @({write})) -join ' ' }}"
    yield "# after the last wave, so that it can only read again:"
    yield f"{change}$read -join ' ' }}"
    yield "# in the end:"
    yield "Remove-MgApplication -ApplicationId $app.Id"
