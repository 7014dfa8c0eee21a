function Write-MfaStateMessage {
    # Shows one event of "mfa-migrate set-state" in the stream of the calling cmdlet that it belongs to.
    [CmdletBinding()]
    [OutputType('MfaMigrate.StateChange')]
    param(
        [Parameter(Mandatory)]
        [object] $Message,

        [AllowEmptyCollection()]
        [object[]] $Targets = @(),

        [Parameter(Mandatory)]
        [System.Management.Automation.PSCmdlet] $Cmdlet,

        [switch] $PassThru
    )

    if ($Message.type -eq 'result') {
        $target = $Message.userPrincipalName
        if ($null -ne $Message.index -and $Message.index -lt $Targets.Count) {
            $target = $Targets[$Message.index]
        }
        if (@('failed', 'skipped', 'unconfirmed') -contains $Message.outcome) {
            $code = $Message.code
            if (-not $code) {
                $code = 'Other'
            }
            $text = "$($Message.message)"
            if (-not $text.StartsWith("$target", [System.StringComparison]::Ordinal)) {
                $text = "${target}: $text"
            }
            $Cmdlet.WriteError((New-MfaMigrateError -Code $code -Target $target -Message $text))
        }
        elseif ($Message.outcome -eq 'planned') {
            # A rehearsal: PowerShell's own "What if" for whoever would be changed, and for nobody else.
            try {
                [void] $Cmdlet.ShouldProcess($target, "Set per-user MFA from $($Message.before) to $($Message.requested)")
            }
            catch {
                $Cmdlet.ThrowTerminatingError($_)
            }
        }
        if ($PassThru) {
            [pscustomobject] @{
                PSTypeName        = 'MfaMigrate.StateChange'
                ObjectId          = $Message.objectId
                UserPrincipalName = $Message.userPrincipalName
                Before            = $Message.before
                Requested         = $Message.requested
                Found             = $Message.found
                Outcome           = $Message.outcome
                Code              = $Message.code
                Message           = $Message.message
                Note              = $Message.note
                RequestId         = $Message.requestId
            }
        }
        elseif ($Message.note) {
            $Cmdlet.WriteVerbose("${target}: $($Message.note)")
        }
    }
    elseif ($Message.type -eq 'progress') {
        $status = "$($Message.done)"
        if ($Message.total) {
            $status = "$($Message.done) of $($Message.total)"
        }
        $record = New-Object -TypeName System.Management.Automation.ProgressRecord -ArgumentList @(
            1, $Message.activity, $status)
        if ($Message.total) {
            $record.PercentComplete = [int] [Math]::Min(100, 100 * $Message.done / $Message.total)
        }
        $Cmdlet.WriteProgress($record)
    }
    elseif ($Message.type -eq 'log') {
        if ($Message.level -eq 'warning') {
            $Cmdlet.WriteWarning($Message.message)
        }
        elseif ($Message.level -eq 'debug') {
            $Cmdlet.WriteDebug($Message.message)
        }
        else {
            $Cmdlet.WriteVerbose($Message.message)
        }
    }
    elseif ($Message.type -eq 'summary') {
        $record = New-Object -TypeName System.Management.Automation.ProgressRecord -ArgumentList @(1, 'set-state', 'done')
        $record.RecordType = 'Completed'
        $Cmdlet.WriteProgress($record)
    }
}
