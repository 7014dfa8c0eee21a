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
        $names = New-Object -TypeName System.Collections.Generic.List[string]
    }

    process {
        # The id is the key where an object has both.
        $ids = @($ObjectId | Where-Object { $_ })
        if ($ids.Count -gt 0) {
            $names.AddRange([string[]] $ids)
        }
        else {
            $names.AddRange([string[]] @($UserPrincipalName | Where-Object { $_ }))
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
        $answer = Invoke-MfaMigrateCli -Arguments ($arguments + '--' + $names.ToArray()) -Workspace $Workspace
        foreach ($user in @($answer.Document.users | Where-Object { $null -ne $_ })) {
            $registration = Get-MfaMigrateProperty -InputObject $user -Name 'registration'
            [pscustomobject] @{
                PSTypeName        = 'MfaMigrate.User'
                ObjectId          = $user.objectId
                UserPrincipalName = $user.userPrincipalName
                PerUserMfaState   = $user.perUserMfaState
                AccountEnabled    = $user.accountEnabled
                IsMfaRegistered   = Get-MfaMigrateProperty -InputObject $registration -Name 'isMfaRegistered'
                IsMfaCapable      = Get-MfaMigrateProperty -InputObject $registration -Name 'isMfaCapable'
                MethodsRegistered = @(Get-MfaMigrateProperty -InputObject $registration -Name 'methodsRegistered')
                Problem           = $user.problem
            }
        }
    }
}
