function Export-MfaState {
    <#
    .SYNOPSIS
    Reads the whole tenant into a snapshot, and returns its users as objects or writes them as CSV.

    .DESCRIPTION
    Runs "mfa-migrate export", which everything else rests on: users, states, registered methods, policies, groups, roles.
    Only reads. Returns one object for each user; with -Path the users are written into a CSV file instead. With
    -FromSnapshot nothing is read from the tenant: the users of the snapshot that is there are returned.

    Takes nobody from the pipeline: it always reads everybody.

    .PARAMETER Path
    The CSV file to write. What is there is replaced.

    .PARAMETER FromSnapshot
    Takes the snapshot that is there instead of reading the tenant.

    .PARAMETER PassThru
    With -Path: returns the users too.

    .PARAMETER Workspace
    The working folder of mfa-migrate. Default: mfa-migration in the current folder.

    .EXAMPLE
    Export-MfaState -Path users.csv

    .EXAMPLE
    Export-MfaState | Group-Object PerUserMfaState -NoElement

    .EXAMPLE
    Export-MfaState -FromSnapshot | Where-Object PerUserMfaState -ne disabled

    .OUTPUTS
    MfaMigrate.User, or nothing with -Path and without -PassThru.

    .LINK
    about_MfaMigrate
    #>
    [CmdletBinding()]
    [OutputType('MfaMigrate.User')]
    param(
        [Parameter(Position = 0)]
        [ValidateNotNullOrEmpty()]
        [string] $Path,

        [switch] $FromSnapshot,

        [switch] $PassThru,

        [string] $Workspace = ''
    )

    begin {
        Import-MfaCallerPreference -Cmdlet $PSCmdlet
        if ($MyInvocation.ExpectingInput) {
            $PSCmdlet.ThrowTerminatingError((New-MfaMigrateError -Code 'BadInput' -Target 'Export-MfaState' -Message (
                        'Export-MfaState takes nobody from the pipeline: it always reads everybody. Nothing was read. ' +
                        'Pipe users into Get-MfaState to look at them alone.')))
        }
    }

    end {
        try {
            if (-not $FromSnapshot) {
                Invoke-MfaMigrateCli -Arguments @('export') -Workspace $Workspace -Cmdlet $PSCmdlet |
                    ForEach-Object -Process { Write-Debug -Message "export: $($_.type)" }
            }
            $reading = @{
                Arguments = @('status', '--all')
                List      = 'users'
                Workspace = $Workspace
                Cmdlet    = $PSCmdlet
            }
            if ($PSBoundParameters.ContainsKey('Path')) {
                $file = Resolve-MfaPath -Path $Path
                # Written once all users are there, so that no half of a list passes for the whole.
                $users = @(Get-MfaMigrateItem @reading | ConvertTo-MfaUser)
                $users | Export-Csv -LiteralPath $file -NoTypeInformation -Encoding UTF8
                if ($PassThru) {
                    $users
                }
            }
            else {
                Get-MfaMigrateItem @reading | ConvertTo-MfaUser
            }
        }
        catch {
            $PSCmdlet.ThrowTerminatingError($_)
        }
    }
}
