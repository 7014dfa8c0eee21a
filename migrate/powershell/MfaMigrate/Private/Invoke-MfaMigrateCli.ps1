function Start-MfaMigrateCli {
    # Starts the command and gives it everything on stdin: a first line with the protocol and the arguments, then Lines.
    # The command line itself never changes, so there is nothing that quoting could break.
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '')]
    [CmdletBinding()]
    [OutputType([System.Diagnostics.Process])]
    param(
        [Parameter(Mandatory)]
        [string[]] $Arguments,

        [AllowEmptyCollection()]
        [string[]] $Lines = @(),

        [string] $Workspace = ''
    )

    $cli = Find-MfaMigrateCli
    $start = New-Object -TypeName System.Diagnostics.ProcessStartInfo
    $start.FileName = $cli.FileName
    $start.Arguments = $cli.Prefix + 'powershell call'
    $start.WorkingDirectory = (Get-Location -PSProvider FileSystem).ProviderPath
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $utf8 = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false
    $start.StandardOutputEncoding = $utf8
    $start.StandardErrorEncoding = $utf8
    $start.EnvironmentVariables['PYTHONUTF8'] = '1'
    if ($Workspace) {
        $start.EnvironmentVariables['MFA_MIGRATE_WORKSPACE'] = $Workspace
    }

    $request = ConvertTo-Json -Compress -InputObject @{ protocol = $script:Protocol; arguments = @($Arguments) }
    $text = (@($request) + @($Lines)) -join "`n"
    $bytes = $utf8.GetBytes($text + "`n")

    Write-Debug -Message "starting $($start.FileName) $($start.Arguments) for: $($Arguments -join ' ')"
    $process = New-Object -TypeName System.Diagnostics.Process
    $process.StartInfo = $start
    [void] $process.Start()
    try {
        # Bytes, because Windows PowerShell would write its own encoding. The command reads all before it answers.
        $process.StandardInput.BaseStream.Write($bytes, 0, $bytes.Length)
        $process.StandardInput.BaseStream.Flush()
        $process.StandardInput.Close()
    }
    catch [System.IO.IOException] {
        # It ended before it read everything; its exit code and stderr say why.
        Write-Debug -Message "stdin was closed early: $($_.Exception.Message)"
    }
    return $process
}

function Invoke-MfaMigrateCli {
    # Runs a command that answers with one JSON document. Returns Document, ExitCode and ErrorText.
    # Exit codes 0 and 1 are answers; anything else ends the calling function with the command's own words.
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)]
        [string[]] $Arguments,

        [string] $Workspace = ''
    )

    # Before the verb, because names may follow a -- at the end.
    $process = Start-MfaMigrateCli -Arguments (@('--output', 'json') + $Arguments) -Workspace $Workspace
    try {
        $errors = $process.StandardError.ReadToEndAsync()
        $json = $process.StandardOutput.ReadToEnd()
        $process.WaitForExit()
        $errorText = $errors.Result.Trim()
        $code = $process.ExitCode
    }
    finally {
        $process.Dispose()
    }

    if ($code -gt 1 -or ($code -eq 1 -and -not $json.Trim())) {
        throw (New-MfaMigrateError -Code "Exit$code" -Category 'InvalidResult' -Target $Arguments[0] -Message $errorText)
    }
    foreach ($line in ($errorText -split "`r?`n")) {
        if ($line -match '^Warning: (.*)$') {
            Write-Warning -Message $Matches[1]
        }
        elseif ($line.Trim()) {
            Write-Verbose -Message $line
        }
    }
    $document = $null
    if ($json.Trim()) {
        $document = ConvertFrom-Json -InputObject $json
    }
    return @{ Document = $document; ExitCode = $code; ErrorText = $errorText }
}

function Get-MfaMigrateProperty {
    # Returns a member of an object, or nothing where it has none; strict mode would end the script.
    [CmdletBinding()]
    param([object] $InputObject, [string] $Name)

    if ($null -ne $InputObject -and $InputObject.PSObject.Properties[$Name]) {
        return $InputObject.PSObject.Properties[$Name].Value
    }
}
