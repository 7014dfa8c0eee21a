function Get-MfaState {
    <#
    .SYNOPSIS
    Gets the per-user MFA state of users.

    .DESCRIPTION
    Shows users as the last export (Export-MfaState) read them, with what this tool has changed since, or, with -Live, as
    the tenant has them now. AsOf says for which moment each state is true, and LastChange when this tool last changed the
    user; where the export is old, a warning says so. All users of a pipeline are asked for in one go. A user who does not exist is one
    error that does not end the pipeline, and the others are returned. Changes nothing.

    What was not read is $null: -Live does not read registered methods.

    .PARAMETER UserPrincipalName
    User principal names.

    .PARAMETER ObjectId
    Object ids. The key where both identities are given.

    .PARAMETER InputObject
    A user from the pipeline: an object with the properties above, or a name or object id as text.

    .PARAMETER All
    Everybody.

    .PARAMETER Live
    Reads the users from the tenant now; needs no export.

    .PARAMETER Workspace
    The working folder of mfa-migrate. Default: mfa-migration in the current folder.

    .EXAMPLE
    Get-MfaState ada@contoso.example -Live

    .EXAMPLE
    Get-MfaState -All | Where-Object PerUserMfaState -eq enforced | Export-Csv enforced.csv -NoTypeInformation

    .EXAMPLE
    Get-Content users.txt | Get-MfaState

    .INPUTS
    Objects with a property ObjectId (Id, UserId) or UserPrincipalName (UPN, Username, SignInName), or texts.

    .OUTPUTS
    MfaMigrate.User

    .LINK
    about_MfaMigrate
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

        [Parameter(ValueFromPipeline)]
        [object] $InputObject,

        [switch] $All,

        [switch] $Live,

        [string] $Workspace = ''
    )

    begin {
        Import-MfaCallerPreference -Cmdlet $PSCmdlet
        $names = New-Object -TypeName System.Collections.Generic.List[string]
        if ($All -and ($MyInvocation.ExpectingInput -or
                $PSBoundParameters.ContainsKey('UserPrincipalName') -or
                $PSBoundParameters.ContainsKey('ObjectId') -or
                $PSBoundParameters.ContainsKey('InputObject'))) {
            $PSCmdlet.ThrowTerminatingError((New-MfaMigrateError -Code 'BadInput' -Target 'Get-MfaState' -Message (
                        'Users are named, and -All is given too. Nothing was read. Leave one of them away.')))
        }
    }

    process {
        if ($All) {
            return
        }
        # The id is the key where an object has both.
        $ids = @($ObjectId | Where-Object -FilterScript { "$_".Trim() })
        $upns = @($UserPrincipalName | Where-Object -FilterScript { "$_".Trim() })
        $given = @(@{ ObjectId = ''; UserPrincipalName = '' })
        if ($ids.Count -gt 0) {
            $given = @($ids | ForEach-Object -Process { @{ ObjectId = $_; UserPrincipalName = '' } })
        }
        elseif ($upns.Count -gt 0) {
            $given = @($upns | ForEach-Object -Process { @{ ObjectId = ''; UserPrincipalName = $_ } })
        }
        foreach ($one in $given) {
            $identity = Resolve-MfaIdentity -InputObject $InputObject @one
            if ($identity.Problem) {
                $PSCmdlet.WriteError((New-MfaMigrateError -Code 'BadInput' -Target $identity.Target -Message (
                            "$($identity.Problem) Nothing was read for this object.")))
            }
            elseif ($identity.ObjectId) {
                $names.Add($identity.ObjectId)
            }
            else {
                $names.Add($identity.UserPrincipalName)
            }
        }
    }

    end {
        if ($names.Count -eq 0 -and -not $All) {
            return
        }
        $arguments = @('status')
        if ($Live) {
            $arguments += '--live'
        }
        if ($All) {
            $arguments += '--all'
        }
        else {
            $arguments += @('--') + $names.ToArray()
        }
        try {
            Invoke-MfaMigrateCli -Arguments $arguments -Workspace $Workspace -Cmdlet $PSCmdlet |
                Where-Object -FilterScript { $_.type -eq 'row' } |
                ForEach-Object -Process {
                    if ($_.list -eq 'users') {
                        ConvertTo-MfaUser -Item $_.item
                    }
                    elseif ($_.list -eq 'missing') {
                        $PSCmdlet.WriteError((New-MfaMigrateError -Code $_.item.code -Target $_.item.name -Message $_.item.message))
                    }
                }
        }
        catch {
            $PSCmdlet.ThrowTerminatingError($_)
        }
    }
}
