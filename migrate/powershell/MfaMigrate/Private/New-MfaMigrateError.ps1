function Get-MfaErrorCategory {
    # The one table of error ids: which category of PowerShell an id stands for. Ids are the classes of errors that end a
    # command, the codes of what became of one user, what this module itself finds, and Exit with the exit code of a
    # command that ended without saying why.
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory)]
        [string] $Code
    )

    $categories = @{
        # What ended a command.
        MfaMigrateError   = 'NotSpecified'
        UsageProblem      = 'InvalidArgument'
        ConfigProblem     = 'InvalidArgument'
        BadInput          = 'InvalidArgument'
        NoAnswerInside    = 'InvalidData'
        NothingHere       = 'ObjectNotFound'
        Guarded           = 'InvalidOperation'
        NotConfirmed      = 'OperationStopped'
        Interrupted       = 'OperationStopped'
        JournalBehind     = 'InvalidData'
        TooSlow           = 'LimitsExceeded'
        StalePlan         = 'InvalidOperation'
        NameMoved         = 'InvalidOperation'
        Blocked           = 'InvalidOperation'
        NotCovered        = 'InvalidOperation'
        LimitReached      = 'LimitsExceeded'
        ForbiddenRequest  = 'SecurityError'
        RemoteProblem     = 'ConnectionError'
        SignInFailed      = 'AuthenticationError'
        PermissionMissing = 'PermissionDenied'
        Unreachable       = 'ConnectionError'
        Throttled         = 'LimitsExceeded'
        IncompleteRead    = 'ReadError'
        GraphRefused      = 'InvalidResult'
        FolderProblem     = 'ResourceUnavailable'
        FolderLocked      = 'ResourceBusy'
        FolderDamaged     = 'InvalidData'
        NewerFolder       = 'InvalidOperation'
        OutputLost        = 'WriteError'
        # What became of one user.
        NotFound          = 'ObjectNotFound'
        Ambiguous         = 'InvalidArgument'
        IdentityMismatch  = 'InvalidArgument'
        NotRegistered     = 'InvalidOperation'
        EmergencyAccess   = 'InvalidOperation'
        Unreadable        = 'ReadError'
        Drift             = 'InvalidOperation'
        PermissionDenied  = 'PermissionDenied'
        Authentication    = 'AuthenticationError'
        Refused           = 'InvalidResult'
        Unconfirmed       = 'InvalidResult'
        Other             = 'NotSpecified'
        # What the module finds.
        CliNotFound       = 'NotInstalled'
        Protocol          = 'ProtocolError'
        NotAll            = 'InvalidResult'
        # A command that ended without saying why.
        Exit0             = 'InvalidResult'
        Exit1             = 'InvalidResult'
        Exit2             = 'InvalidArgument'
        Exit3             = 'InvalidOperation'
        Exit4             = 'ConnectionError'
        Exit5             = 'ResourceUnavailable'
        Exit70            = 'NotSpecified'
        Exit130           = 'OperationStopped'
    }
    if ($categories.ContainsKey($Code)) {
        return $categories[$Code]
    }
    return 'NotSpecified'
}

function New-MfaMigrateError {
    # Returns an ErrorRecord with the id MfaMigrate.<Code> and the category of the table above; it changes nothing.
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '')]
    [CmdletBinding()]
    [OutputType([System.Management.Automation.ErrorRecord])]
    param(
        [Parameter(Mandatory)]
        [string] $Code,

        [Parameter(Mandatory)]
        [string] $Message,

        [object] $Target
    )

    $exception = New-Object -TypeName System.InvalidOperationException -ArgumentList $Message
    return New-Object -TypeName System.Management.Automation.ErrorRecord -ArgumentList @(
        $exception, "MfaMigrate.$Code", (Get-MfaErrorCategory -Code $Code), $Target)
}
