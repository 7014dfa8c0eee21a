function Invoke-MfaMigrateRun {
    # Runs apply or rollback and returns one object about it; users who failed are an error that does not end the script.
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
        foreach ($message in @(Invoke-MfaMigrateCli -Arguments $Arguments -Workspace $Workspace)) {
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
    $until = Get-MfaMigrateProperty -InputObject $document -Name 'waitingUntil'
    if ($until -is [string]) {
        # PowerShell 7 has made a date of it already, Windows PowerShell has not.
        $until = [datetime]::Parse(
            $until,
            [System.Globalization.CultureInfo]::InvariantCulture,
            [System.Globalization.DateTimeStyles]::RoundtripKind)
    }

    if ($code -eq 1) {
        $counts = foreach ($name in @('failed', 'skipped', 'unconfirmed')) {
            $count = Get-MfaMigrateProperty -InputObject $outcomes -Name $name
            if ($count) { "$count $name" }
        }
        $reasons = @(@(@($counts) -join ', ') + $kept + @($sentence) | Where-Object { $_ })
        $Cmdlet.WriteError((New-MfaMigrateError -Code 'NotAll' -Target $Arguments[0] -Message (
                    "mfa-migrate $($Arguments[0]) ran well, but not everything ended as asked: $($reasons -join '; '). " +
                    'Each user is in the output of "mfa-migrate audit export".')))
    }
    [pscustomobject] @{
        PSTypeName   = 'MfaMigrate.RunResult'
        Command      = $Arguments[0]
        Ending       = Get-MfaMigrateProperty -InputObject $document -Name 'ending'
        Outcomes     = $outcomes
        WaitingFor   = Get-MfaMigrateProperty -InputObject $document -Name 'waitingFor'
        WaitingUntil = $until
        Sentence     = $sentence
        PoliciesKept = $kept
        Rehearsal    = $rehearsal.ToArray()
        PlanDigest   = Get-MfaMigrateProperty -InputObject $document -Name 'planDigest'
    }
}
