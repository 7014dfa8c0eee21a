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

    $answer = Invoke-MfaMigrateCli -Arguments $Arguments -Workspace $Workspace
    if ($answer.ExitCode -eq 1) {
        $Cmdlet.WriteError((New-MfaMigrateError -Code 'NotAll' -Category 'InvalidResult' -Target $Arguments[0] -Message (
                    "mfa-migrate $($Arguments[0]) ran well, but not every user ended as asked. $($answer.ErrorText)").Trim()))
    }
    $document = $answer.Document
    [pscustomobject] @{
        PSTypeName   = 'MfaMigrate.RunResult'
        Command      = $Arguments[0]
        Ending       = Get-MfaMigrateProperty -InputObject $document -Name 'ending'
        Outcomes     = Get-MfaMigrateProperty -InputObject $document -Name 'outcomes'
        WaitingFor   = Get-MfaMigrateProperty -InputObject $document -Name 'waitingFor'
        WaitingUntil = Get-MfaMigrateProperty -InputObject $document -Name 'waitingUntil'
        Sentence     = Get-MfaMigrateProperty -InputObject $document -Name 'sentence'
        Rehearsal    = Get-MfaMigrateProperty -InputObject $document -Name 'rehearsal'
        PlanDigest   = Get-MfaMigrateProperty -InputObject $document -Name 'planDigest'
    }
}
