function Set-MfaState {
    <#
    .SYNOPSIS
    Sets the per-user MFA state of users, as the documented function of this name did.

    .DESCRIPTION
    Takes users from the pipeline or by name and sends them to mfa-migrate in one batch, when the pipeline ends. Each user
    is read before and after; what counts is the state that is found. Disabling needs proof that Conditional Access
    demands MFA of the user; enforcing needs a registered method. Nothing is sent for users who are in the state already.
    Restore-MfaState undoes it. With -WhatIf all reads and guards are done and nothing is sent: who would be changed is
    named, and who would be left alone is an error that says why.

    Different from the old function: State must be given; the batch is sent when the pipeline has ended, so an error
    before that means that nothing was sent, and -ErrorAction Stop stops at the first failed user although the batch
    has been sent; use -BatchSize 1 for one user at a time.

    .PARAMETER ObjectId
    Object id (a GUID) of the user. The key where both identities are given.

    .PARAMETER UserPrincipalName
    User principal name. Where ObjectId is given too, it has to belong to the same user.

    .PARAMETER State
    Disabled, Enabled or Enforced. Never taken from the pipeline: a property State is the province of a user.

    .PARAMETER PreviousState
    From a rollback file, with PlanDigest: marks the request as a restore.

    .PARAMETER PlanDigest
    From a rollback file, with PreviousState: marks the request as a restore.

    .PARAMETER InputObject
    A user from the pipeline: an object with the properties above, or a name or object id as text.

    .PARAMETER BatchSize
    Sends a batch each time so many users have come in. 0, the default, sends all at the end.

    .PARAMETER AcceptUncovered
    The reason for switching users off who are not proven to be covered. Stands in the audit.

    .PARAMETER MaxUsers
    With AcceptUncovered: for how many users the reason stands at most. More than one user needs it.

    .PARAMETER AllowUnregistered
    Also enforces users who have no method registered; their old clients then need app passwords.

    .PARAMETER PassThru
    Returns what was found for each user. Without it the function is silent.

    .PARAMETER Workspace
    The working folder of mfa-migrate. Default: mfa-migration in the current folder.

    .EXAMPLE
    Set-MfaState -UserPrincipalName ada@contoso.example -State Enforced

    .EXAMPLE
    Import-Csv users.csv | Set-MfaState -State Disabled -WhatIf

    .EXAMPLE
    Import-Csv mfa-migration/rollback.csv | Group-Object PreviousState | ForEach-Object { $_.Group | Set-MfaState -State $_.Name }

    .INPUTS
    Objects with a property ObjectId (Id, UserId) or UserPrincipalName (UPN, Username, SignInName), or texts.

    .OUTPUTS
    Nothing, or MfaMigrate.StateChange with -PassThru.

    .LINK
    about_MfaMigrate
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    [OutputType('MfaMigrate.StateChange')]
    param(
        [Parameter(Position = 0, ValueFromPipelineByPropertyName)]
        [Alias('Id', 'UserId')]
        [AllowNull()]
        [AllowEmptyString()]
        [string] $ObjectId,

        [Parameter(Position = 1, ValueFromPipelineByPropertyName)]
        [Alias('UPN', 'Username', 'SignInName')]
        [AllowNull()]
        [AllowEmptyString()]
        [string] $UserPrincipalName,

        [Parameter(Position = 2, Mandatory)]
        [ValidateSet('Disabled', 'Enabled', 'Enforced')]
        [string] $State,

        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [AllowEmptyString()]
        [string] $PreviousState,

        [Parameter(ValueFromPipelineByPropertyName)]
        [AllowNull()]
        [AllowEmptyString()]
        [string] $PlanDigest,

        [Parameter(ValueFromPipeline)]
        [object] $InputObject,

        [ValidateRange(0, 100000)]
        [int] $BatchSize = 0,

        [string] $AcceptUncovered = '',

        [ValidateRange(1, 1000000)]
        [int] $MaxUsers,

        [switch] $AllowUnregistered,

        [switch] $PassThru,

        [string] $Workspace = ''
    )

    begin {
        Import-MfaCallerPreference -Cmdlet $PSCmdlet
        $rehearsal = [bool] $WhatIfPreference
        if ($AcceptUncovered -and $BatchSize -gt 0) {
            $PSCmdlet.ThrowTerminatingError((New-MfaMigrateError -Code 'BadInput' -Target 'Set-MfaState' -Message (
                        '-AcceptUncovered and -BatchSize are given: each batch would be counted by itself, and the reason would ' +
                        'stand for more users than it was given for. Nothing was changed. Leave -BatchSize away.')))
        }
        $batch = New-Object -TypeName System.Collections.Generic.List[object]
        $given = New-Object -TypeName System.Collections.Generic.List[object]

        # Turns the events of one batch into objects, errors and progress of this pipeline.
        $send = {
            param($cmdlet)
            if ($batch.Count -eq 0) {
                return
            }
            $sent = @{
                Users             = $batch.ToArray()
                State             = $State
                AcceptUncovered   = $AcceptUncovered
                MaxUsers          = $MaxUsers
                AllowUnregistered = $AllowUnregistered
                Rehearsal         = $rehearsal
                Workspace         = $Workspace
                Cmdlet            = $cmdlet
            }
            $targets = $given.ToArray()
            $batch.Clear()
            $given.Clear()
            # A pipeline and no loop over a list, so that each result is shown when it arrives.
            try {
                Send-MfaStateBatch @sent | ForEach-Object -Process {
                    Write-MfaStateMessage -Message $_ -Targets $targets -Cmdlet $cmdlet -PassThru:$PassThru
                }
            }
            catch {
                $cmdlet.ThrowTerminatingError($_)
            }
        }
    }

    process {
        $identity = Resolve-MfaIdentity -InputObject $InputObject -ObjectId $ObjectId -UserPrincipalName $UserPrincipalName
        $target = $identity.Target
        if ($identity.Problem) {
            $PSCmdlet.WriteError((New-MfaMigrateError -Code 'BadInput' -Target $target -Message (
                        "$($identity.Problem) Nothing was sent for this object.")))
            return
        }
        if (-not $rehearsal) {
            # Where nobody can be asked, this is an error, and an error outside of a try ends one statement only.
            $agreed = $false
            try {
                $agreed = $PSCmdlet.ShouldProcess($target, "Set per-user MFA to $State")
            }
            catch {
                $PSCmdlet.ThrowTerminatingError($_)
            }
            if (-not $agreed) {
                return
            }
        }
        $user = @{}
        if ($identity.ObjectId) { $user['objectId'] = $identity.ObjectId }
        if ($identity.UserPrincipalName) { $user['userPrincipalName'] = $identity.UserPrincipalName }
        if ($PreviousState -and $PlanDigest) {
            $user['previousState'] = "$PreviousState".Trim()
            $user['planDigest'] = "$PlanDigest".Trim()
        }
        $batch.Add($user)
        $given.Add($target)
        if ($BatchSize -gt 0 -and $batch.Count -ge $BatchSize) {
            & $send $PSCmdlet
        }
    }

    end {
        & $send $PSCmdlet
    }
}
