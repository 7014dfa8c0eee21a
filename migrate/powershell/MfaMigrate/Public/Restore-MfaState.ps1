function Restore-MfaState {
    <#
    .SYNOPSIS
    Puts users back to the per-user MFA state they had, and then the policies.

    .DESCRIPTION
    Runs "mfa-migrate rollback": from the journal of the working folder, or from a rollback.csv, which works although
    everything else is gone. Users whom somebody changed since are shown and left alone. -WhatIf does all reads and
    sends nothing.

    Users from the pipeline, such as rows of a rollback.csv, are the only ones who are put back. A pipeline that brings
    nobody puts nobody back.

    .PARAMETER Path
    A rollback.csv. Without it the journal of the working folder is taken. A file object from the pipeline will do.

    .PARAMETER User
    Only these users, by name or object id.

    .PARAMETER ObjectId
    Only this user; from objects of the pipeline.

    .PARAMETER UserPrincipalName
    Only this user; from objects of the pipeline. ObjectId is the key where both are given.

    .PARAMETER InputObject
    A user or a file from the pipeline: an object with the properties above, or a name or object id as text.

    .PARAMETER Wave
    Only this wave.

    .PARAMETER Run
    Undoes this run, by the digest that stands in the output of it; it may itself be a restore.

    .PARAMETER OverwriteDrift
    Restores also users whom somebody changed since.

    .PARAMETER Force
    Does not ask.

    .PARAMETER Workspace
    The working folder of mfa-migrate. Default: mfa-migration in the current folder.

    .EXAMPLE
    Restore-MfaState mfa-migration/rollback.csv

    .EXAMPLE
    Restore-MfaState -Wave 2 -WhatIf

    .EXAMPLE
    Import-Csv mfa-migration/rollback.csv | Where-Object Wave -eq 2 | Restore-MfaState -WhatIf

    .INPUTS
    Objects with a property ObjectId (Id, UserId) or UserPrincipalName (UPN, Username, SignInName), texts, or one file.

    .OUTPUTS
    MfaMigrate.RunResult

    .LINK
    about_MfaMigrate
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    [OutputType('MfaMigrate.RunResult')]
    param(
        [Parameter(Position = 0, ValueFromPipelineByPropertyName)]
        [Alias('FullName', 'PSPath', 'LiteralPath')]
        [ValidateNotNullOrEmpty()]
        [string] $Path,

        # A misspelt variable is nothing, and a restore of nobody by name would be a restore of everybody.
        [ValidateNotNullOrEmpty()]
        [string[]] $User,

        [Parameter(ValueFromPipelineByPropertyName)]
        [Alias('Id', 'UserId')]
        [AllowNull()]
        [AllowEmptyString()]
        [string] $ObjectId,

        [Parameter(ValueFromPipelineByPropertyName)]
        [Alias('UPN', 'Username', 'SignInName')]
        [AllowNull()]
        [AllowEmptyString()]
        [string] $UserPrincipalName,

        [Parameter(ValueFromPipeline)]
        [object] $InputObject,

        [ValidateRange(1, 100000)]
        [int] $Wave,

        # As with users: the digest of a misspelt variable is nothing, and nothing would mean the last run.
        [ValidateNotNullOrEmpty()]
        [string] $Run,

        [switch] $OverwriteDrift,

        [switch] $Force,

        [string] $Workspace = ''
    )

    begin {
        Import-MfaCallerPreference -Cmdlet $PSCmdlet
        if ($Force -and -not $PSBoundParameters.ContainsKey('Confirm')) {
            $ConfirmPreference = 'None'
        }
        $rehearsal = [bool] $WhatIfPreference
        $users = New-Object -TypeName System.Collections.Generic.List[string]
        $files = New-Object -TypeName System.Collections.Generic.List[string]
        # Whether somebody is named at all. Whoever names somebody never means everybody, also where nobody can be read.
        $named = $MyInvocation.ExpectingInput
        if ($PSBoundParameters.ContainsKey('Path')) {
            $files.Add($Path)
        }
        $fileGiven = $files.Count -gt 0
        if ($PSBoundParameters.ContainsKey('User')) {
            $named = $true
            $users.AddRange($User)
        }
    }

    process {
        if ($PSBoundParameters.ContainsKey('InputObject') -or
            $PSBoundParameters.ContainsKey('ObjectId') -or
            $PSBoundParameters.ContainsKey('UserPrincipalName')) {
            $named = $true
        }
        elseif (-not $MyInvocation.ExpectingInput) {
            return
        }
        $identity = Resolve-MfaIdentity -InputObject $InputObject -ObjectId $ObjectId -UserPrincipalName $UserPrincipalName
        if ($identity.Given -and -not $identity.Problem) {
            if ($identity.ObjectId) {
                $users.Add($identity.ObjectId)
            }
            else {
                $users.Add($identity.UserPrincipalName)
            }
        }
        elseif ($Path -and -not $fileGiven -and -not $identity.Given -and $InputObject -isnot [string]) {
            # A file object. The lines of Get-Content carry the path of their file too, and are no files.
            $files.Add($Path)
        }
        else {
            $PSCmdlet.WriteError((New-MfaMigrateError -Code 'BadInput' -Target $identity.Target -Message (
                        "$($identity.Problem) Nothing was put back for this object.")))
        }
    }

    end {
        if ($named -and $users.Count -eq 0 -and ($fileGiven -or $files.Count -eq 0)) {
            return
        }
        if ($files.Count -gt 1) {
            $PSCmdlet.ThrowTerminatingError((New-MfaMigrateError -Code 'BadInput' -Target $files.ToArray() -Message (
                        "$($files.Count) files came from the pipeline. Nothing was put back. Restore-MfaState takes one -Path at a time.")))
        }
        $arguments = @('rollback')
        $target = 'the users of the last run'
        if ($files.Count -gt 0) {
            try {
                $file = Resolve-MfaPath -Path $files[0]
            }
            catch {
                $PSCmdlet.ThrowTerminatingError($_)
            }
            $arguments += @('--file', $file)
            $target = "the users of $file"
        }
        if ($users.Count -gt 0) {
            $arguments += @('--users', ($users.ToArray() -join ','))
            $who = $users.ToArray() -join ', '
            if ($users.Count -gt 5) {
                $who = "$($users.Count) users"
            }
            $target = "$who of $target"
        }
        if ($PSBoundParameters.ContainsKey('Wave')) {
            $arguments += @('--wave', "$Wave")
            $target = "wave $Wave of $target"
        }
        if ($PSBoundParameters.ContainsKey('Run')) {
            $arguments += @('--run', $Run)
            $target = "$target, run $Run"
        }
        if ($OverwriteDrift) {
            $arguments += '--overwrite-drift'
        }

        # Where nobody can be asked, this is an error, and an error outside of a try ends one statement only.
        $agreed = $false
        try {
            $agreed = $PSCmdlet.ShouldProcess($target, 'Restore the per-user MFA state, and the policies where everybody goes back')
        }
        catch {
            $PSCmdlet.ThrowTerminatingError($_)
        }
        if (-not $agreed -and -not $rehearsal) {
            return
        }
        if ($rehearsal) {
            $arguments += '--what-if'
        }
        else {
            $arguments += '--yes'
        }
        Invoke-MfaMigrateRun -Arguments $arguments -Workspace $Workspace -Cmdlet $PSCmdlet
    }
}
