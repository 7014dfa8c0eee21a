function New-MfaMigrateError {
    # Returns an ErrorRecord with the id MfaMigrate.<Code>; it changes nothing.
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '')]
    [CmdletBinding()]
    [OutputType([System.Management.Automation.ErrorRecord])]
    param(
        [Parameter(Mandatory)]
        [string] $Code,

        [Parameter(Mandatory)]
        [string] $Message,

        [string] $Category = '',

        [object] $Target
    )

    if (-not $Category) {
        $categories = @{
            NotFound         = 'ObjectNotFound'
            Ambiguous        = 'InvalidArgument'
            IdentityMismatch = 'InvalidArgument'
            BadInput         = 'InvalidArgument'
            NotCovered       = 'InvalidOperation'
            NotRegistered    = 'InvalidOperation'
            EmergencyAccess  = 'InvalidOperation'
            Drift            = 'InvalidOperation'
            Unreadable       = 'ReadError'
            PermissionDenied = 'PermissionDenied'
            Authentication   = 'AuthenticationError'
            Throttled        = 'LimitsExceeded'
            Refused          = 'InvalidResult'
            Unconfirmed      = 'InvalidResult'
            # The classes of errors that end a run, and the exit codes of the command.
            UsageProblem     = 'InvalidArgument'
            ConfigProblem    = 'InvalidArgument'
            SignInFailed     = 'AuthenticationError'
            Unreachable      = 'ConnectionError'
            Exit2            = 'InvalidArgument'
            Exit3            = 'InvalidOperation'
            Exit4            = 'ConnectionError'
            Exit5            = 'ResourceUnavailable'
        }
        $Category = 'InvalidResult'
        if ($categories.ContainsKey($Code)) {
            $Category = $categories[$Code]
        }
    }
    $exception = New-Object -TypeName System.InvalidOperationException -ArgumentList $Message
    return New-Object -TypeName System.Management.Automation.ErrorRecord -ArgumentList @(
        $exception, "MfaMigrate.$Code", $Category, $Target)
}
