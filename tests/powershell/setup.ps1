# What every test of the module starts from: the module itself, a fake command that notes how it is called, and two
# functions that look at its notes and tell it what to answer. Dot-sourced in BeforeAll.

$root = Split-Path -Parent -Path (Split-Path -Parent -Path $PSScriptRoot)
Import-Module -Name (Join-Path -Path $root -ChildPath 'migrate/powershell/MfaMigrate/MfaMigrate.psd1') -Force
# Strict here, so that a misspelt variable or member fails a test instead of being nothing.
. (Get-Module -Name MfaMigrate) { Set-StrictMode -Version Latest }

$windows = $env:OS -eq 'Windows_NT'
$fake = Join-Path -Path $PSScriptRoot -ChildPath 'fake_cli.py'
$fakeCommand = $fake
if ($windows) {
    $fakeCommand = Join-Path -Path $TestDrive -ChildPath 'fake.cmd'
    Set-Content -LiteralPath $fakeCommand -Encoding ASCII -Value "@python `"$fake`" %*"
}

function Get-Call {
    # What the fake was called with, one object for each call.
    if (Test-Path -LiteralPath $env:FAKE_CLI_LOG) {
        Get-Content -LiteralPath $env:FAKE_CLI_LOG -Encoding UTF8 | ForEach-Object { ConvertFrom-Json -InputObject $_ }
    }
}

function Write-Answer {
    # Tells the fake what to answer: verb = @{ stdout; stderr; exitCode }.
    param([hashtable] $Answers)
    $env:FAKE_CLI_ANSWERS = Join-Path -Path $TestDrive -ChildPath 'answers.json'
    Set-Content -LiteralPath $env:FAKE_CLI_ANSWERS -Encoding UTF8 -Value (ConvertTo-Json -InputObject $Answers -Depth 5)
}

function Set-Answer {
    param([string] $Verb, [string] $Stdout = '', [string] $Stderr = '', [int] $ExitCode = 0)
    Write-Answer -Answers @{ $Verb = @{ stdout = $Stdout; stderr = $Stderr; exitCode = $ExitCode } }
}

function New-Answer {
    # A list as the command sends it, and the document at its end.
    param([string] $List = '', [string[]] $Item = @(), [string] $Document = '{}')
    $lines = @($Item | ForEach-Object { '{"type": "row", "version": 1, "kind": "x", "list": "' + $List + '", "item": ' + $_ + '}' })
    ($lines + ('{"type": "summary", "version": 1, "kind": "x", "document": ' + $Document + '}')) -join "`n"
}

function New-Failure {
    # The last line of a command that ended with an error.
    param([string] $Code, [int] $ExitCode, [string] $What = 'It is so.')
    '{"type": "summary", "version": 1, "kind": "x", "document": null, "exitCode": ' + $ExitCode + ', "error": {"code": "' + $Code +
    '", "what": "' + $What + '", "unchanged": "Nothing was changed.", "hint": "Do this."}}'
}

function New-UserRow {
    # An item of "mfa-migrate status".
    param([string] $Id, [string] $Name, [string] $State = 'enforced', [string] $Registration = 'null', [string] $LastChange = 'null')
    '{"objectId":"' + $Id + '","userPrincipalName":"' + $Name + '","displayName":"Ana","userType":"Member","accountEnabled":true,' +
    '"perUserMfaState":"' + $State + '","problem":null,"registration":' + $Registration + ',"meaning":"","asOf":"2026-03-01T08:00:00Z","lastChange":' + $LastChange + '}'
}

function Clear-Call {
    # Before each test.
    $env:MFA_MIGRATE_CLI = $fakeCommand
    $env:FAKE_CLI_LOG = Join-Path -Path $TestDrive -ChildPath 'calls.ndjson'
    $env:FAKE_CLI_ANSWERS = ''
    if (Test-Path -LiteralPath $env:FAKE_CLI_LOG) {
        Remove-Item -LiteralPath $env:FAKE_CLI_LOG
    }
}

function Remove-Everything {
    # After all tests of a file.
    foreach ($name in @('MFA_MIGRATE_CLI', 'FAKE_CLI_LOG', 'FAKE_CLI_ANSWERS')) {
        Remove-Item -LiteralPath "Env:$name" -ErrorAction SilentlyContinue
    }
    Remove-Module -Name MfaMigrate -Force
}

$ana = '11111111-1111-4111-8111-111111111111'
$bob = '22222222-2222-4222-8222-222222222222'
