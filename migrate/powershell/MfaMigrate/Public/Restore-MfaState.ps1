function Restore-MfaState {
    <#
    .SYNOPSIS
    Puts users back to the per-user MFA state they had, and then the policies.

    .DESCRIPTION
    Runs "mfa-migrate rollback": from the journal of the working folder, or from a rollback.csv, which works although
    everything else is gone. Users whom somebody changed since are shown and left alone. -WhatIf does all reads and
    sends nothing.

    .PARAMETER Path
    A rollback.csv. Without it the journal of the working folder is taken.

    .PARAMETER User
    Only these users, by name or object id.

    .PARAMETER Wave
    Only this wave.

    .PARAMETER OverwriteDrift
    Restores also users whom somebody changed since.

    .PARAMETER Force
    Does not ask.

    .PARAMETER Workspace
    The working folder of mfa-migrate. Default: mfa-migration in the current folder.

    .EXAMPLE
    Restore-MfaState rollback.csv

    .EXAMPLE
    Restore-MfaState -Wave 2 -WhatIf

    .OUTPUTS
    MfaMigrate.RunResult
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    [OutputType('MfaMigrate.RunResult')]
    param(
        [Parameter(Position = 0)]
        [Alias('FullName', 'PSPath', 'LiteralPath')]
        [ValidateNotNullOrEmpty()]
        [string] $Path,

        # A misspelt variable is nothing, and a restore of nobody by name would be a restore of everybody.
        [ValidateNotNullOrEmpty()]
        [string[]] $User,

        [ValidateRange(1, 100000)]
        [int] $Wave,

        [switch] $OverwriteDrift,

        [switch] $Force,

        [string] $Workspace = ''
    )

    Import-MfaCallerPreference -Cmdlet $PSCmdlet
    if ($Force -and -not $PSBoundParameters.ContainsKey('Confirm')) {
        $ConfirmPreference = 'None'
    }
    $rehearsal = [bool] $WhatIfPreference

    $arguments = @('rollback')
    $target = 'the users of the last run'
    if ($PSBoundParameters.ContainsKey('Path')) {
        try {
            $file = Resolve-MfaPath -Path $Path
        }
        catch {
            $PSCmdlet.ThrowTerminatingError($_)
        }
        $arguments += @('--file', $file)
        $target = "the users of $file"
    }
    if ($PSBoundParameters.ContainsKey('User')) {
        $arguments += @('--users', ($User -join ','))
        $target = "$($User -join ', ') of $target"
    }
    if ($PSBoundParameters.ContainsKey('Wave')) {
        $arguments += @('--wave', "$Wave")
        $target = "wave $Wave of $target"
    }
    if ($OverwriteDrift) {
        $arguments += '--overwrite-drift'
    }

    if (-not $PSCmdlet.ShouldProcess($target, 'Restore the per-user MFA state, and the policies where everybody goes back') -and -not $rehearsal) {
        return
    }
    if ($rehearsal) {
        $arguments += '--what-if'
    }
    else {
        $arguments += '--yes'
    }
    Invoke-MfaMigrateRun -Arguments $arguments -Workspace $Workspace -Cmdlet $PSCmdlet
}
