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
        [string[]] $Lines = @()
    )

    $cli = Find-MfaMigrateCli
    $start = New-Object -TypeName System.Diagnostics.ProcessStartInfo
    $start.FileName = $cli.FileName
    $start.Arguments = $cli.Prefix + 'powershell call'
    $start.WorkingDirectory = (Get-Location -PSProvider FileSystem).ProviderPath
    $start.UseShellExecute = $false
    # In the console of the caller Ctrl+C reaches the command as well. Where there is none, no window shall open.
    $start.CreateNoWindow = @('ConsoleHost', 'Visual Studio Code Host') -notcontains $Host.Name
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $utf8 = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false
    $start.StandardOutputEncoding = $utf8
    $start.StandardErrorEncoding = $utf8

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
    # Runs a command and returns what it answers, one object for each line of NDJSON, each as soon as it arrives, and
    # last an object of the type exit with the exit code. Its warnings and its talk go to the streams of Cmdlet, the
    # function that the user called: what Write-Warning says in here would never reach its -WarningVariable.
    #
    # It throws where the last line, the summary, holds an error, where the exit code is neither 0 nor 1, and where no
    # summary has come; -NoSummary is for answers that have none. Who calls it stands in a try: outside of one,
    # -ErrorAction SilentlyContinue makes PowerShell step over a throw and go on with the next statement.
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)]
        [string[]] $Arguments,

        [AllowEmptyCollection()]
        [string[]] $Lines = @(),

        [string] $Workspace = '',

        [Parameter(Mandatory)]
        [System.Management.Automation.PSCmdlet] $Cmdlet,

        [switch] $NoSummary
    )

    # Before the verb, because names may follow a -- at the end.
    $words = @('--output', 'ndjson')
    if ($Workspace) {
        $words += @('--workspace', (Resolve-MfaPath -Path $Workspace))
    }
    $said = New-Object -TypeName System.Collections.Generic.List[string]
    $ended = [bool] $NoSummary
    $failure = $null
    $process = Start-MfaMigrateCli -Arguments ($words + $Arguments) -Lines $Lines
    try {
        $data = $process.StandardOutput.ReadLineAsync()
        $talk = $process.StandardError.ReadLineAsync()
        while ($null -ne $data -or $null -ne $talk) {
            if ($null -ne $talk -and $talk.IsCompleted) {
                $line = $talk.Result
                $talk = $null
                if ($null -ne $line) {
                    $talk = $process.StandardError.ReadLineAsync()
                    $said.Add($line)
                    if ($line -match '^Warning: (.*)$') {
                        $Cmdlet.WriteWarning($Matches[1])
                    }
                    elseif ($line.Trim()) {
                        $Cmdlet.WriteVerbose($line)
                    }
                }
            }
            elseif ($null -ne $data -and $data.IsCompleted) {
                $line = $data.Result
                $data = $null
                if ($null -ne $line) {
                    $data = $process.StandardOutput.ReadLineAsync()
                    if ($line.Trim()) {
                        $message = ConvertFrom-Json -InputObject $line
                        $version = Get-MfaMigrateProperty -InputObject $message -Name 'version'
                        if ($null -ne $version -and $version -ne $script:Protocol) {
                            throw (New-MfaMigrateError -Code 'Protocol' -Target $line -Message (
                                    "mfa-migrate answers in version $version and this module understands $script:Protocol. " +
                                    'What was sent is in its journal. Run "mfa-migrate powershell install", and open a new window.'))
                        }
                        if ((Get-MfaMigrateProperty -InputObject $message -Name 'type') -eq 'summary') {
                            $ended = $true
                            $failure = Get-MfaMigrateProperty -InputObject $message -Name 'error'
                        }
                        $message
                    }
                }
            }
            else {
                # PowerShell notices Ctrl+C between two statements only, never inside of a call that waits.
                $pending = [System.Threading.Tasks.Task[]] @(@($data, $talk) | Where-Object { $null -ne $_ })
                [void] [System.Threading.Tasks.Task]::WaitAny($pending, 200)
            }
        }
        $process.WaitForExit()
        $code = $process.ExitCode
    }
    finally {
        # A pipeline that is stopped leaves the command to end by itself: its journal knows what it did.
        $process.StandardOutput.Close()
        $process.StandardError.Close()
        $process.Dispose()
    }
    if ($null -ne $failure) {
        $text = @(@($failure.what, $failure.unchanged, $failure.hint) | Where-Object { $_ }) -join ' '
        throw (New-MfaMigrateError -Code $failure.code -Target $Arguments[0] -Message $text)
    }
    # On Windows the code of a process that crashed is below zero.
    if (($code -ne 0 -and $code -ne 1) -or -not $ended) {
        throw (New-MfaEndingError -Said $said.ToArray() -Code $code -Verb $Arguments[0])
    }
    [pscustomobject] @{ type = 'exit'; exitCode = $code }
}

function New-MfaEndingError {
    # Returns the error of a command that ended without a summary, in the words of its stderr without the talk before.
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '')]
    [CmdletBinding()]
    [OutputType([System.Management.Automation.ErrorRecord])]
    param(
        [AllowEmptyCollection()]
        [AllowEmptyString()]
        [string[]] $Said = @(),

        [int] $Code,

        [string] $Verb
    )

    $told = New-Object -TypeName System.Collections.Generic.List[string]
    foreach ($line in $Said) {
        if ($line.StartsWith('Error: ', [System.StringComparison]::Ordinal)) {
            $told.Clear()
            $told.Add($line.Substring(7))
        }
        elseif ($told.Count -gt 0) {
            $told.Add($line.Trim())
        }
    }
    $all = ($Said -join "`n").Trim()
    if ($all -match 'No module named .?migrate') {
        return New-MfaMigrateError -Code 'CliNotFound' -Target 'mfa-migrate' -Message (
            "mfa-migrate is not installed for the Python that starts here. Nothing was changed. ($all) " +
            'Install it with "pipx install mfa-migrate", or set MFA_MIGRATE_CLI to its full path.')
    }
    $text = ($told.ToArray() -join ' ').Trim()
    if (-not $text) {
        $text = "mfa-migrate $Verb ended with code $Code before it was done. What it sent is in its journal. $all".Trim()
    }
    return New-MfaMigrateError -Code "Exit$Code" -Target $Verb -Message $text
}

function Get-MfaMigrateProperty {
    # Returns a member of an object, or nothing where it has none; strict mode would end the script.
    [CmdletBinding()]
    param([object] $InputObject, [string] $Name)

    if ($null -ne $InputObject -and $InputObject.PSObject.Properties[$Name]) {
        return $InputObject.PSObject.Properties[$Name].Value
    }
}

function Get-MfaMigrateItem {
    # Runs a command that answers with a list and returns the items of that list, each as soon as it arrives.
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)]
        [string[]] $Arguments,

        [Parameter(Mandatory)]
        [string] $List,

        [string] $Workspace = '',

        [Parameter(Mandatory)]
        [System.Management.Automation.PSCmdlet] $Cmdlet
    )

    Invoke-MfaMigrateCli -Arguments $Arguments -Workspace $Workspace -Cmdlet $Cmdlet |
        Where-Object -FilterScript { $_.type -eq 'row' -and $_.list -eq $List } |
        ForEach-Object -Process { $_.item }
}
