function Find-MfaMigrateCli {
    # Returns how the command is started: FileName and Prefix, the arguments that come before its own.
    # Looks at MFA_MIGRATE_CLI, then PATH, then the folders of pipx, uv and pip, then the launcher py.
    [CmdletBinding()]
    param()

    if ($env:MFA_MIGRATE_CLI) {
        $file = Resolve-MfaPath -Path $env:MFA_MIGRATE_CLI
        if ([System.IO.File]::Exists($file)) {
            return @{ FileName = $file; Prefix = '' }
        }
        throw (New-MfaMigrateError -Code 'CliNotFound' -Target $env:MFA_MIGRATE_CLI -Message (
                "MFA_MIGRATE_CLI names '$env:MFA_MIGRATE_CLI', and there is no such file. Nothing was changed. " +
                'Set it to the full path of mfa-migrate, or remove it.'))
    }

    $found = Get-Command -Name 'mfa-migrate' -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
    if ($found) {
        return @{ FileName = $found.Path; Prefix = '' }
    }

    # pip puts the version of Python into the name of the folder, so these are patterns; the newest version wins.
    $patterns = @()
    foreach ($base in @($env:USERPROFILE, $env:HOME)) {
        if ($base) {
            $patterns += [System.IO.Path]::Combine($base, '.local/bin/mfa-migrate.exe')
            $patterns += [System.IO.Path]::Combine($base, '.local/bin/mfa-migrate')
            $patterns += [System.IO.Path]::Combine($base, 'Library/Python/3.*/bin/mfa-migrate')
        }
    }
    if ($env:APPDATA) {
        $patterns += [System.IO.Path]::Combine($env:APPDATA, 'Python/Python3*/Scripts/mfa-migrate.exe')
    }
    if ($env:LOCALAPPDATA) {
        $patterns += [System.IO.Path]::Combine($env:LOCALAPPDATA, 'Programs/Python/Python3*/Scripts/mfa-migrate.exe')
    }
    foreach ($pattern in $patterns) {
        # With its provider, because the current location may be AD: or Cert:.
        $file = Get-Item -Path "FileSystem::$pattern" -ErrorAction SilentlyContinue |
            Sort-Object -Property @({ $_.FullName.Length }, { $_.FullName }) |
            Select-Object -Last 1
        if ($file) {
            return @{ FileName = $file.FullName; Prefix = '' }
        }
    }

    $launcher = Get-Command -Name 'py' -CommandType Application -ErrorAction SilentlyContinue | Select-Object -First 1
    if ($launcher) {
        # -P: a folder "migrate" in the current folder is not what is meant.
        return @{ FileName = $launcher.Path; Prefix = '-P -m migrate ' }
    }

    throw (New-MfaMigrateError -Code 'CliNotFound' -Target 'mfa-migrate' -Message (
            'The command mfa-migrate was not found. Nothing was changed. Install it with "pipx install mfa-migrate" or ' +
            '"uv tool install mfa-migrate", then run "pipx ensurepath" or "uv tool update-shell" and open a new window, ' +
            'or set MFA_MIGRATE_CLI to its full path.'))
}
