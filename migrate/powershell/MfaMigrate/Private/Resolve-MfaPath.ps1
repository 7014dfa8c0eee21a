function Resolve-MfaPath {
    # Returns the full path of a file or folder, which need not exist. Drives and ~ are those of PowerShell.
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory)]
        [string] $Path
    )

    $provider = $null
    $drive = $null
    $full = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path, [ref] $provider, [ref] $drive)
    if ($provider.Name -ne 'FileSystem') {
        # The current location is of another kind, such as AD: or Cert:. What counts is the folder that lies behind it.
        $full = [System.IO.Path]::Combine((Get-Location -PSProvider FileSystem).ProviderPath, $Path)
    }
    return $full
}
