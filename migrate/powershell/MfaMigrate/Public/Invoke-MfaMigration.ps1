function Invoke-MfaMigration {
    <#
    .SYNOPSIS
    Plans the migration and carries it out, or goes on with it.

    .DESCRIPTION
    Runs "mfa-migrate plan" and then "mfa-migrate apply". With -Continue it goes on with the plan that is there, which is
    what has to be done after a wait. With -WhatIf the plan is made and rehearsed: everything is read and guarded, and
    nothing is sent. Needs an export of the tenant (mfa-migrate export) in the working folder.

    .PARAMETER MaxUsers
    How many users may be switched off at most: a number, or a share such as 10%.

    .PARAMETER Until
    Where to stop: report-only, policies-on, or wave:N.

    .PARAMETER Continue
    Goes on with the plan that is there instead of making a new one.

    .PARAMETER SkipReportOnly
    The reason for not waiting in report-only.

    .PARAMETER SkipSettle
    The reason for not waiting until switched-on policies have settled.

    .PARAMETER Wait
    Stays and waits instead of ending when the next step has to wait.

    .PARAMETER Force
    Does not ask.

    .PARAMETER Workspace
    The working folder of mfa-migrate. Default: mfa-migration in the current folder.

    .EXAMPLE
    Invoke-MfaMigration -MaxUsers 25 -Until wave:1

    .EXAMPLE
    Invoke-MfaMigration -Continue -MaxUsers 10% -WhatIf

    .OUTPUTS
    MfaMigrate.RunResult
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    [OutputType('MfaMigrate.RunResult')]
    param(
        [Parameter(Position = 0, Mandatory)]
        [string] $MaxUsers,

        [string] $Until = '',

        [switch] $Continue,

        [string] $SkipReportOnly = '',

        [string] $SkipSettle = '',

        [switch] $Wait,

        [switch] $Force,

        [string] $Workspace = ''
    )

    Import-MfaCallerPreference -Cmdlet $PSCmdlet
    if ($Force -and -not $PSBoundParameters.ContainsKey('Confirm')) {
        $ConfirmPreference = 'None'
    }
    $rehearsal = [bool] $WhatIfPreference

    $target = 'the tenant'
    if (-not $Continue) {
        # A plan changes nothing in the tenant, so it is made also for a rehearsal.
        $plan = $null
        try {
            Invoke-MfaMigrateCli -Arguments @('plan') -Workspace $Workspace | ForEach-Object -Process {
                if ($_.type -eq 'summary') {
                    $plan = $_.document
                }
            }
        }
        catch {
            $PSCmdlet.ThrowTerminatingError($_)
        }
        $target = "$($plan.tenantName) ($($plan.tenantDomain))"
        Write-Verbose -Message "plan $($plan.digest)"
    }
    $arguments = @('apply', '--max-users', $MaxUsers)
    if ($Until) { $arguments += @('--until', $Until) }
    if ($SkipReportOnly) { $arguments += @('--skip-report-only', $SkipReportOnly) }
    if ($SkipSettle) { $arguments += @('--skip-settle', $SkipSettle) }
    if ($Wait) { $arguments += '--wait' }

    $action = "Switch policies on and per-user MFA off for at most $MaxUsers users"
    if (-not $PSCmdlet.ShouldProcess($target, $action) -and -not $rehearsal) {
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
