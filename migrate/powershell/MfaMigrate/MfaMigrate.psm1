# Loads one function from each file. Nothing is decided here or below: the functions drive the command mfa-migrate.

# The version of the lines that go to the command and come back; raised together with PROTOCOL in the command.
$script:Protocol = 1

foreach ($folder in @('Private', 'Public')) {
    foreach ($file in (Get-ChildItem -LiteralPath (Join-Path -Path $PSScriptRoot -ChildPath $folder) -Filter '*.ps1')) {
        . $file.FullName
    }
}

Export-ModuleMember -Function @(
    'Compare-MfaState',
    'Export-MfaState',
    'Get-MfaState',
    'Import-MfaState',
    'Invoke-MfaMigration',
    'Restore-MfaState',
    'Set-MfaState',
    'Test-MfaMigration'
)
