function Send-MfaStateBatch {
    # Sends one batch of users to "mfa-migrate set-state" and returns its events as they arrive.
    # The caller turns them into objects, errors and progress, because those belong to the caller's pipeline.
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)]
        [object[]] $Users,

        [Parameter(Mandatory)]
        [string] $State,

        [string] $AcceptUncovered = '',

        # 0: not said.
        [int] $MaxUsers = 0,

        [switch] $AllowUnregistered,

        [switch] $Rehearsal,

        [string] $Workspace = '',

        [Parameter(Mandatory)]
        [System.Management.Automation.PSCmdlet] $Cmdlet
    )

    $arguments = @('set-state', '--state', $State, '--input', '-')
    if ($Rehearsal) {
        $arguments += '--what-if'
    }
    else {
        $arguments += '--yes'
    }
    if ($AcceptUncovered) {
        $arguments += @('--accept-uncovered', $AcceptUncovered)
    }
    if ($MaxUsers -gt 0) {
        $arguments += @('--max-users', "$MaxUsers")
    }
    if ($AllowUnregistered) {
        $arguments += '--allow-unregistered'
    }
    $lines = foreach ($user in $Users) {
        ConvertTo-Json -Compress -InputObject $user
    }
    Invoke-MfaMigrateCli -Arguments $arguments -Lines @($lines) -Workspace $Workspace -Cmdlet $Cmdlet
}
