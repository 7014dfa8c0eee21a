function Test-MfaMigration {
    <#
    .SYNOPSIS
    Tells whether the tenant is as it should be.

    .DESCRIPTION
    Runs "mfa-migrate verify", which reads the tenant afresh and compares states, policies, coverage and registered
    methods with what they should be. Returns $true when nothing was found. Changes nothing.

    .PARAMETER Detailed
    Returns what was found, one object each, instead of $true or $false.

    .PARAMETER Workspace
    The working folder of mfa-migrate. Default: mfa-migration in the current folder.

    .EXAMPLE
    if (-not (Test-MfaMigration)) { Test-MfaMigration -Detailed | Format-Table }

    .EXAMPLE
    Test-MfaMigration -Detailed | Export-Csv findings.csv -NoTypeInformation

    .OUTPUTS
    System.Boolean, or MfaMigrate.Finding with -Detailed.
    #>
    [CmdletBinding()]
    [OutputType([bool], 'MfaMigrate.Finding')]
    param(
        [switch] $Detailed,

        [string] $Workspace = ''
    )

    $answer = Invoke-MfaMigrateCli -Arguments @('verify') -Workspace $Workspace
    if (-not $Detailed) {
        return ($answer.ExitCode -eq 0)
    }
    foreach ($finding in @($answer.Document.findings | Where-Object { $null -ne $_ })) {
        [pscustomobject] @{
            PSTypeName = 'MfaMigrate.Finding'
            Code       = $finding.code
            Subject    = $finding.subject
            SubjectId  = $finding.subjectId
            Sentence   = $finding.sentence
            Evidence   = $finding.evidence
        }
    }
}
