function Get-MfaReadingArgument {
    # Returns the options of the command that say how an old export is read.
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [string] $StateColumn = '',
        [string] $InputEncoding = '',
        [string] $Sheet = '',
        [switch] $TrustDisabled,
        [switch] $VisibleOnly
    )

    if ($StateColumn) { '--state-column'; $StateColumn }
    if ($InputEncoding) { '--input-encoding'; $InputEncoding }
    if ($Sheet) { '--sheet'; $Sheet }
    if ($TrustDisabled) { '--trust-disabled' }
    if ($VisibleOnly) { '--visible-only' }
}
