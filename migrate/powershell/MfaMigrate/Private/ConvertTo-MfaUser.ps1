function ConvertTo-MfaUser {
    # Returns an item of "mfa-migrate status" as an object whose values are single ones, so that Export-Csv keeps them.
    # What was not read, such as registered methods with -Live, is $null; no method at all is an empty text.
    [CmdletBinding()]
    [OutputType('MfaMigrate.User')]
    param(
        [Parameter(Mandatory, ValueFromPipeline)]
        [object] $Item
    )

    process {
        $registration = $Item.registration
        $methods = $null
        if ($null -ne $registration) {
            $methods = @(Get-MfaMigrateProperty -InputObject $registration -Name 'methodsRegistered') -join '; '
        }
        $change = $Item.lastChange
        [pscustomobject] @{
            PSTypeName        = 'MfaMigrate.User'
            ObjectId          = $Item.objectId
            UserPrincipalName = $Item.userPrincipalName
            DisplayName       = $Item.displayName
            PerUserMfaState   = $Item.perUserMfaState
            AccountEnabled    = $Item.accountEnabled
            IsMfaRegistered   = Get-MfaMigrateProperty -InputObject $registration -Name 'isMfaRegistered'
            IsMfaCapable      = Get-MfaMigrateProperty -InputObject $registration -Name 'isMfaCapable'
            MethodsRegistered = $methods
            AsOf              = ConvertTo-MfaDate -Moment $Item.asOf
            LastChange        = ConvertTo-MfaDate -Moment (Get-MfaMigrateProperty -InputObject $change -Name 'timeUtc')
            LastChangeTo      = Get-MfaMigrateProperty -InputObject $change -Name 'requested'
            LastChangeOutcome = Get-MfaMigrateProperty -InputObject $change -Name 'outcome'
            Problem           = $Item.problem
        }
    }
}
