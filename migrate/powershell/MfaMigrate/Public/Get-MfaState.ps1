function Get-MfaState {
    <#
    .SYNOPSIS
    Gets the per-user MFA state of users.

    .DESCRIPTION
    Shows users as the last "mfa-migrate export" read them, or, with -Live, as the tenant has them now. All users of a
    pipeline are asked for in one go. Changes nothing.

    .PARAMETER UserPrincipalName
    User principal names.

    .PARAMETER ObjectId
    Object ids.

    .PARAMETER Live
    Reads these users from the tenant now; needs no export.

    .PARAMETER Workspace
    The working folder of mfa-migrate. Default: mfa-migration in the current folder.

    .EXAMPLE
    Get-MfaState ada@contoso.example -Live

    .EXAMPLE
    Import-Csv users.csv | Get-MfaState | Where-Object PerUserMfaState -eq enforced

    .OUTPUTS
    MfaMigrate.User
    #>
    [CmdletBinding()]
    [OutputType('MfaMigrate.User')]
    param(
        [Parameter(Position = 0, ValueFromPipelineByPropertyName)]
        [Alias('UPN', 'Username', 'SignInName')]
        [AllowNull()]
        [AllowEmptyString()]
        [AllowEmptyCollection()]
        [string[]] $UserPrincipalName,

        [Parameter(ValueFromPipelineByPropertyName)]
        [Alias('Id', 'UserId')]
        [AllowNull()]
        [AllowEmptyString()]
        [AllowEmptyCollection()]
        [string[]] $ObjectId,

        [switch] $Live,

        [string] $Workspace = ''
    )

    begin {
        Import-MfaCallerPreference -Cmdlet $PSCmdlet
        $names = New-Object -TypeName System.Collections.Generic.List[string]
    }

    process {
        # The id is the key where an object has both.
        $given = @($ObjectId | Where-Object { "$_".Trim() })
        if ($given.Count -eq 0) {
            $given = @($UserPrincipalName | Where-Object { "$_".Trim() })
        }
        if ($given.Count -eq 0) {
            $source = $null
            if ($MyInvocation.ExpectingInput) {
                $source = $_
            }
            $PSCmdlet.WriteError((New-MfaMigrateError -Code 'BadInput' -Target $source -Message (
                        'Neither UserPrincipalName nor ObjectId is given. Nothing was read for this object.')))
        }
        foreach ($name in $given) {
            $names.Add("$name".Trim())
        }
    }

    end {
        if ($names.Count -eq 0) {
            return
        }
        $arguments = @('status')
        if ($Live) {
            $arguments += '--live'
        }
        $arguments += @('--') + $names.ToArray()
        try {
            Get-MfaMigrateItem -Arguments $arguments -List 'users' -Workspace $Workspace | ForEach-Object -Process {
                $registration = $_.registration
                [pscustomobject] @{
                    PSTypeName        = 'MfaMigrate.User'
                    ObjectId          = $_.objectId
                    UserPrincipalName = $_.userPrincipalName
                    PerUserMfaState   = $_.perUserMfaState
                    AccountEnabled    = $_.accountEnabled
                    IsMfaRegistered   = Get-MfaMigrateProperty -InputObject $registration -Name 'isMfaRegistered'
                    IsMfaCapable      = Get-MfaMigrateProperty -InputObject $registration -Name 'isMfaCapable'
                    MethodsRegistered = @(Get-MfaMigrateProperty -InputObject $registration -Name 'methodsRegistered')
                    Problem           = $_.problem
                }
            }
        }
        catch {
            $PSCmdlet.ThrowTerminatingError($_)
        }
    }
}
