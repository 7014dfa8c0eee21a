function Invoke-MfaMigration {
    <#
    .SYNOPSIS
    Plans the migration and carries it out, or goes on with it.

    .DESCRIPTION
    Runs "mfa-migrate plan" and then "mfa-migrate apply". With -Continue it goes on with the plan that is there, which is
    what has to be done after a wait. With -WhatIf the plan is made and rehearsed: everything is read and guarded, and
    nothing is sent. Needs an export of the tenant (Export-MfaState) in the working folder.

    It takes nobody from the pipeline: the plan says who is migrated.

    .PARAMETER MaxUsers
    How many users this call may switch off at most: a number, or a share such as 10%.

    .PARAMETER Until
    Where to stop: report-only, policies-on, or wave:N.

    .PARAMETER Wave
    Only this wave.

    .PARAMETER Continue
    Goes on with the plan that is there instead of making a new one.

    .PARAMETER Supersede
    Replaces a plan whose run is begun and not finished.

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

    .LINK
    about_MfaMigrate
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    [OutputType('MfaMigrate.RunResult')]
    param(
        [Parameter(Position = 0, Mandatory)]
        [string] $MaxUsers,

        [ArgumentCompleter({
                param($commandName, $parameterName, $wordToComplete)
                foreach ($place in @('report-only', 'policies-on', 'wave:1', 'wave:2', 'wave:3', 'wave:4', 'wave:5', 'wave:6')) {
                    if ($place -like "$wordToComplete*") { $place }
                }
            })]
        [string] $Until = '',

        [ValidateRange(1, 100000)]
        [int] $Wave,

        [switch] $Continue,

        [switch] $Supersede,

        [string] $SkipReportOnly = '',

        [string] $SkipSettle = '',

        [switch] $Wait,

        [switch] $Force,

        [string] $Workspace = ''
    )

    begin {
        Import-MfaCallerPreference -Cmdlet $PSCmdlet
        if ($MyInvocation.ExpectingInput) {
            $PSCmdlet.ThrowTerminatingError((New-MfaMigrateError -Code 'BadInput' -Target 'Invoke-MfaMigration' -Message (
                        'Invoke-MfaMigration takes nobody from the pipeline: it would migrate everybody whom the plan names. ' +
                        'Nothing was changed. Pipe users into Set-MfaState, or run Invoke-MfaMigration without a pipeline.')))
        }
    }

    end {
        if ($Force -and -not $PSBoundParameters.ContainsKey('Confirm')) {
            $ConfirmPreference = 'None'
        }
        $rehearsal = [bool] $WhatIfPreference

        $target = 'the tenant'
        if (-not $Continue) {
            # A plan changes nothing in the tenant, so it is made also for a rehearsal.
            $plan = $null
            $planning = @('plan')
            if ($Supersede) { $planning += '--supersede' }
            try {
                Invoke-MfaMigrateCli -Arguments $planning -Workspace $Workspace -Cmdlet $PSCmdlet | ForEach-Object -Process {
                    if ($_.type -eq 'summary') {
                        $plan = Get-MfaMigrateProperty -InputObject $_ -Name 'document'
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
        if ($PSBoundParameters.ContainsKey('Wave')) { $arguments += @('--wave', "$Wave") }
        if ($SkipReportOnly) { $arguments += @('--skip-report-only', $SkipReportOnly) }
        if ($SkipSettle) { $arguments += @('--skip-settle', $SkipSettle) }
        if ($Wait) { $arguments += '--wait' }

        # Where nobody can be asked, this is an error, and an error outside of a try ends one statement only.
        $action = "Switch policies on and per-user MFA off for at most $MaxUsers users"
        $agreed = $false
        try {
            $agreed = $PSCmdlet.ShouldProcess($target, $action)
        }
        catch {
            $PSCmdlet.ThrowTerminatingError($_)
        }
        if (-not $agreed -and -not $rehearsal) {
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
}
