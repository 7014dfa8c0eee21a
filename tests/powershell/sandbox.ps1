# What a test with the real command starts from: the module, the command of this project, and a sandbox to serve it.
# Dot-sourced in BeforeAll; $command is empty where there is no environment with the command.

$root = Split-Path -Parent -Path (Split-Path -Parent -Path $PSScriptRoot)
Import-Module -Name (Join-Path -Path $root -ChildPath 'migrate/powershell/MfaMigrate/MfaMigrate.psd1') -Force
$command = @('.venv/bin/mfa-migrate', '.venv/Scripts/mfa-migrate.exe') |
    ForEach-Object { Join-Path -Path $root -ChildPath $_ } |
    Where-Object { Test-Path -LiteralPath $_ } |
    Select-Object -First 1

if ($command) {
    # Serves 60 users, goes into the folder of the test, and exports them there; $before has their states by name.
    $env:MFA_MIGRATE_CLI = $command
    Push-Location -LiteralPath $TestDrive
    $folder = (Get-Location -PSProvider FileSystem).ProviderPath
    $sandbox = @{
        FilePath               = $command
        ArgumentList           = 'sandbox --users 60 --port 0 --no-throttle --write-config mfa-migrate.toml'
        WorkingDirectory       = $folder
        RedirectStandardOutput = Join-Path -Path $folder -ChildPath 'sandbox.out'
        RedirectStandardError  = Join-Path -Path $folder -ChildPath 'sandbox.err'
        PassThru               = $true
    }
    $serving = Start-Process @sandbox
    $until = (Get-Date).AddSeconds(60)
    while (-not (Select-String -Path 'sandbox.out', 'sandbox.err' -Pattern 'serves' -Quiet) -and (Get-Date) -lt $until) {
        Start-Sleep -Milliseconds 200
    }
    Join-Path -Path $folder -ChildPath 'mfa-migrate.toml' | Should -Exist
    & $command export --quiet --output json | Out-Null
    $LASTEXITCODE | Should -Be 0
    $before = @{}
    Import-Csv -LiteralPath 'mfa-migration/snapshot.csv' | ForEach-Object { $before[$_.UserPrincipalName] = $_.PerUserMfaState }
}

function Stop-Sandbox {
    Pop-Location
    # On Windows the command is a launcher, and what it started would outlive it.
    if ($env:OS -eq 'Windows_NT') {
        taskkill /T /F /PID $serving.Id | Out-Null
    }
    else {
        Stop-Process -Id $serving.Id
    }
    $serving.WaitForExit()
    Remove-Item -LiteralPath 'Env:MFA_MIGRATE_CLI'
    Remove-Module -Name MfaMigrate -Force
}
