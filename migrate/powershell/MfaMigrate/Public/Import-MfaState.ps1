function Import-MfaState {
    <#
    .SYNOPSIS
    Reads an old export of per-user MFA states, in whatever format it is.

    .DESCRIPTION
    Takes CSV, JSON, NDJSON, CLIXML and Excel as MSOnline scripts, the portal and Graph write them, and returns one object
    for each row. Columns that only look like the state are refused with the reason. What a file says is a claim: compare
    it with the tenant (Compare-MfaState) before anything is based on it. Changes nothing.

    .PARAMETER Path
    The file.

    .PARAMETER StateColumn
    The column that holds the state, where the file does not make that clear.

    .PARAMETER InputEncoding
    The code page of an old file, such as cp1252. UTF-8 and UTF-16 are recognised.

    .PARAMETER Sheet
    The worksheet of an Excel file with several.

    .PARAMETER TrustDisabled
    Believes a file in which nobody is anything but Disabled.

    .PARAMETER VisibleOnly
    Leaves the hidden rows of a filtered Excel sheet out.

    .EXAMPLE
    Import-MfaState legacy.csv

    .EXAMPLE
    Import-MfaState users.clixml | Where-Object PerUserMfaState -eq enforced | Export-Csv enforced.csv -NoTypeInformation

    .OUTPUTS
    MfaMigrate.Claim

    .LINK
    about_MfaMigrate
    #>
    [CmdletBinding()]
    [OutputType('MfaMigrate.Claim')]
    param(
        [Parameter(Position = 0, Mandatory, ValueFromPipeline, ValueFromPipelineByPropertyName)]
        [Alias('FullName', 'PSPath', 'LiteralPath')]
        [string] $Path,

        [string] $StateColumn = '',

        [string] $InputEncoding = '',

        [string] $Sheet = '',

        [switch] $TrustDisabled,

        [switch] $VisibleOnly
    )

    begin {
        Import-MfaCallerPreference -Cmdlet $PSCmdlet
    }

    process {
        $options = @{
            StateColumn   = $StateColumn
            InputEncoding = $InputEncoding
            Sheet         = $Sheet
            TrustDisabled = $TrustDisabled
            VisibleOnly   = $VisibleOnly
        }
        try {
            $arguments = @('convert', (Resolve-MfaPath -Path $Path)) + @(Get-MfaReadingArgument @options)
            Invoke-MfaMigrateCli -Arguments $arguments -Cmdlet $PSCmdlet -NoSummary |
                Where-Object -FilterScript { (Get-MfaMigrateProperty -InputObject $_ -Name 'type') -notin @('exit', 'summary') } |
                ForEach-Object -Process {
                    [pscustomobject] @{
                        PSTypeName        = 'MfaMigrate.Claim'
                        ObjectId          = $_.objectId
                        UserPrincipalName = $_.userPrincipalName
                        PerUserMfaState   = $_.perUserMfaState
                        Source            = $_.source
                        Row               = $_.row
                    }
                }
        }
        catch {
            $PSCmdlet.ThrowTerminatingError($_)
        }
    }
}
