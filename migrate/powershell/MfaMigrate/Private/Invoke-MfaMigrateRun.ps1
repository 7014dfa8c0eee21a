function Invoke-MfaMigrateRun {
    # Runs apply or rollback and returns one object about it, of single values that Export-Csv keeps; users who failed are
    # an error that does not end the script.
    [CmdletBinding()]
    [OutputType('MfaMigrate.RunResult')]
    param(
        [Parameter(Mandatory)]
        [string[]] $Arguments,

        [string] $Workspace = '',

        [Parameter(Mandatory)]
        [System.Management.Automation.PSCmdlet] $Cmdlet
    )

    $rehearsal = New-Object -TypeName System.Collections.Generic.List[string]
    $document = $null
    $code = 0
    try {
        foreach ($message in @(Invoke-MfaMigrateCli -Arguments $Arguments -Workspace $Workspace -Cmdlet $Cmdlet)) {
            if ($message.type -eq 'summary') {
                $document = $message.document
            }
            elseif ($message.type -eq 'exit') {
                $code = $message.exitCode
            }
            elseif ($message.list -eq 'rehearsal') {
                $rehearsal.Add($message.item)
            }
        }
    }
    catch {
        $Cmdlet.ThrowTerminatingError($_)
    }
    $outcomes = Get-MfaMigrateProperty -InputObject $document -Name 'outcomes'
    $sentence = Get-MfaMigrateProperty -InputObject $document -Name 'sentence'
    $kept = @(Get-MfaMigrateProperty -InputObject $document -Name 'policiesKept')
    $counts = @{}
    foreach ($name in @('confirmed', 'recovered', 'unconfirmed', 'skipped', 'failed')) {
        $counts[$name] = [int] (Get-MfaMigrateProperty -InputObject $outcomes -Name $name)
    }

    if ($code -eq 1) {
        $short = foreach ($name in @('failed', 'skipped', 'unconfirmed')) {
            if ($counts[$name]) { "$($counts[$name]) $name" }
        }
        $reasons = @(@(@($short) -join ', ') + $kept + @($sentence) | Where-Object { $_ })
        $Cmdlet.WriteError((New-MfaMigrateError -Code 'NotAll' -Target $Arguments[0] -Message (
                    "mfa-migrate $($Arguments[0]) ran well, but not everything ended as asked: $($reasons -join '; '). " +
                    'Each user is in the output of "mfa-migrate audit export".')))
    }
    [pscustomobject] @{
        PSTypeName   = 'MfaMigrate.RunResult'
        Command      = $Arguments[0]
        Ending       = Get-MfaMigrateProperty -InputObject $document -Name 'ending'
        Confirmed    = $counts['confirmed']
        Recovered    = $counts['recovered']
        Unconfirmed  = $counts['unconfirmed']
        Skipped      = $counts['skipped']
        Failed       = $counts['failed']
        WaitingFor   = Get-MfaMigrateProperty -InputObject $document -Name 'waitingFor'
        WaitingUntil = ConvertTo-MfaDate -Moment (Get-MfaMigrateProperty -InputObject $document -Name 'waitingUntil')
        Sentence     = $sentence
        PoliciesKept = $kept -join '; '
        Rehearsal    = $rehearsal.ToArray() -join "`n"
        PlanDigest   = Get-MfaMigrateProperty -InputObject $document -Name 'planDigest'
    }
}
