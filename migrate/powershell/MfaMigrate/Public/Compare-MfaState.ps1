function Compare-MfaState {
    <#
    .SYNOPSIS
    Shows where an old export and the tenant disagree.

    .DESCRIPTION
    Lays a file beside the last "mfa-migrate export": other states, users who are new, renamed, deleted or missing. Users
    are matched by object id, else by user principal name. Changes nothing.

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

    .PARAMETER Workspace
    The working folder of mfa-migrate. Default: mfa-migration in the current folder.

    .EXAMPLE
    Compare-MfaState legacy.csv

    .EXAMPLE
    Compare-MfaState legacy.csv | Group-Object Kind -NoElement

    .OUTPUTS
    MfaMigrate.Difference

    .LINK
    about_MfaMigrate
    #>
    [CmdletBinding()]
    [OutputType('MfaMigrate.Difference')]
    param(
        [Parameter(Position = 0, Mandatory, ValueFromPipeline, ValueFromPipelineByPropertyName)]
        [Alias('FullName', 'PSPath', 'LiteralPath')]
        [string] $Path,

        [string] $StateColumn = '',

        [string] $InputEncoding = '',

        [string] $Sheet = '',

        [switch] $TrustDisabled,

        [switch] $VisibleOnly,

        [string] $Workspace = ''
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
            $arguments = @('compare', (Resolve-MfaPath -Path $Path)) + @(Get-MfaReadingArgument @options)
            Get-MfaMigrateItem -Arguments $arguments -List 'differences' -Workspace $Workspace -Cmdlet $PSCmdlet | ForEach-Object -Process {
                [pscustomobject] @{
                    PSTypeName        = 'MfaMigrate.Difference'
                    Kind              = $_.kind
                    ObjectId          = $_.objectId
                    UserPrincipalName = $_.userPrincipalName
                    Claimed           = $_.claimed
                    Found             = $_.found
                    Row               = $_.row
                    Sentence          = $_.sentence
                }
            }
        }
        catch {
            $PSCmdlet.ThrowTerminatingError($_)
        }
    }
}
