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

    .LINK
    about_MfaMigrate
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    [OutputType('MfaMigrate.Finding')]
    param(
        [switch] $Detailed,

        [string] $Workspace = ''
    )

    begin {
        Import-MfaCallerPreference -Cmdlet $PSCmdlet
        if ($MyInvocation.ExpectingInput) {
            $PSCmdlet.ThrowTerminatingError((New-MfaMigrateError -Code 'BadInput' -Target 'Test-MfaMigration' -Message (
                        'Test-MfaMigration takes nothing from the pipeline: it always answers for the whole tenant. ' +
                        'Pipe users into Get-MfaState to look at them alone.')))
        }
    }

    end {
        $exitCode = $null
        try {
            Invoke-MfaMigrateCli -Arguments @('verify') -Workspace $Workspace -Cmdlet $PSCmdlet | ForEach-Object -Process {
                if ($_.type -eq 'exit') {
                    $exitCode = $_.exitCode
                }
                elseif ($Detailed -and $_.type -eq 'row' -and $_.list -eq 'findings') {
                    [pscustomobject] @{
                        PSTypeName = 'MfaMigrate.Finding'
                        Code       = $_.item.code
                        Subject    = $_.item.subject
                        SubjectId  = $_.item.subjectId
                        Sentence   = $_.item.sentence
                        Evidence   = $_.item.evidence
                    }
                }
            }
        }
        catch {
            $PSCmdlet.ThrowTerminatingError($_)
        }
        if (-not $Detailed) {
            $exitCode -eq 0
        }
    }
}
