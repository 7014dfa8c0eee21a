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

        [switch] $AllowUnregistered,

        [string] $Workspace = ''
    )

    $arguments = @('set-state', '--state', $State, '--input', '-', '--output', 'ndjson', '--yes')
    if ($AcceptUncovered) {
        $arguments += @('--accept-uncovered', $AcceptUncovered)
    }
    if ($AllowUnregistered) {
        $arguments += '--allow-unregistered'
    }
    $lines = foreach ($user in $Users) {
        ConvertTo-Json -Compress -InputObject $user
    }

    $ended = $false
    $process = Start-MfaMigrateCli -Arguments $arguments -Lines @($lines) -Workspace $Workspace
    try {
        $errors = $process.StandardError.ReadToEndAsync()
        while ($null -ne ($line = $process.StandardOutput.ReadLine())) {
            if (-not $line.Trim()) {
                continue
            }
            $message = ConvertFrom-Json -InputObject $line
            if ($message.version -ne $script:Protocol) {
                throw (New-MfaMigrateError -Code 'Protocol' -Category 'InvalidResult' -Target $line -Message (
                        "mfa-migrate answers in version $($message.version) and this module understands $script:Protocol. " +
                        'What was sent is in its journal. Run "mfa-migrate powershell install".'))
            }
            if ($message.type -eq 'summary') {
                $ended = $true
            }
            $message
        }
        $process.WaitForExit()
        $code = $process.ExitCode
        $errorText = $errors.Result.Trim()
    }
    finally {
        # An interrupted pipeline leaves the command to end by itself: it writes its outcomes first.
        $process.Dispose()
    }
    if (-not $ended) {
        throw (New-MfaMigrateError -Code "Exit$code" -Category 'InvalidResult' -Target 'set-state' -Message (
                "mfa-migrate ended with code $code before it was done. What was sent is in its journal. $errorText").Trim())
    }
}
