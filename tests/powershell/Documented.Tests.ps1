# Every pipeline that docs/powershell.md and the README of the module show, in the order of a migration, with the real
# command and a sandbox behind it. A rule of the Python checks keeps this list and those pages the same. Needs the
# environment that "make test-powershell" makes; skipped where that is not there.

BeforeDiscovery {
    $root = Split-Path -Parent -Path (Split-Path -Parent -Path $PSScriptRoot)
    $there = @('.venv/bin/mfa-migrate', '.venv/Scripts/mfa-migrate.exe') |
        ForEach-Object { Join-Path -Path $root -ChildPath $_ } |
        Where-Object { Test-Path -LiteralPath $_ }
}

Describe 'the documented pipelines' -Skip:(-not $there) {
    BeforeDiscovery {
        $lines = @(
            @{ Line = 'Export-MfaState -Path users.csv' }
            @{ Line = 'Get-MfaState -All' }
            @{ Line = 'Get-MfaState -All | Where-Object PerUserMfaState -eq enforced' }
            @{ Line = 'Get-MfaState -All | Where-Object PerUserMfaState -eq enforced | Sort-Object UserPrincipalName' }
            @{ Line = '(Get-MfaState ada@contoso.example).MethodsRegistered' }
            @{ Line = '(Get-MfaState ada@contoso.example -Live).PerUserMfaState' }
            @{ Line = 'Get-MfaState ada@contoso.example -Live' }
            @{ Line = 'Get-MfaState -ObjectId $id -Live' }
            @{ Line = 'Get-EntraUser -All | Get-MfaState' }
            @{ Line = 'Import-Csv users.csv | Set-MfaState -State Disabled -WhatIf' }
            @{ Line = 'Get-MgUser -All | Set-MfaState -State Disabled -WhatIf' }
            @{ Line = 'Get-MfaState -All -Live | Set-MfaState -State Disabled -WhatIf' }
            @{ Line = 'Compare-MfaState legacy.csv | Group-Object Kind -NoElement' }
            @{ Line = 'Invoke-MfaMigration -MaxUsers 25 -Until wave:1' }
            @{ Line = 'Invoke-MfaMigration -MaxUsers 500 -Continue' }
            @{ Line = 'if (-not (Test-MfaMigration)) { Test-MfaMigration -Detailed | Format-Table -AutoSize }' }
            @{ Line = 'Import-Csv mfa-migration/rollback.csv | Where-Object Wave -eq 1 | Restore-MfaState' }
            @{ Line = 'Restore-MfaState' }
            @{ Line = 'Set-MfaState -UserPrincipalName ada@contoso.example -State Enabled' }
            @{ Line = 'Set-MfaState -UserPrincipalName ada@contoso.example -State Enforced' }
            @{ Line = 'Set-MfaState -UserId ada@contoso.example -State Enforced' }
            @{ Line = 'Set-MfaState -UserPrincipalName ada@contoso.example -State Disabled' }
            @{ Line = 'Set-MfaState -ObjectId $id -State Disabled' }
            @{ Line = 'Set-MfaState -UserId $id -State Disabled' }
            @{ Line = 'Get-Content users.txt | Set-MfaState -State Disabled' }
            @{ Line = 'Import-MfaState bulk.csv -StateColumn ''MFA Status'' | Group-Object PerUserMfaState | ForEach-Object { $_.Group | Set-MfaState -State $_.Name }' }
            @{ Line = 'Import-MfaState legacy.csv | Where-Object PerUserMfaState -eq enforced | Set-MfaState -State Disabled -PassThru | Export-Csv done.csv -NoTypeInformation' }
            @{ Line = 'Import-Csv users.csv | Set-MfaState -State Disabled' }
            @{ Line = 'Get-MsolUser -All | Set-MfaState -State Disabled' }
            @{ Line = 'Import-Csv mfa-migration/rollback.csv | Group-Object PreviousState | ForEach-Object { $_.Group | Set-MfaState -State $_.Name }' }
            @{ Line = 'Restore-MfaState mfa-migration/rollback.csv' }
            @{ Line = 'Get-Help Set-MfaState -Full' }
        )
        $refused = @(
            @{ Line = 'Restore-MfaState -User $nobody' }
        )
    }

    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'sandbox.ps1')
        if (-not $command) {
            # A Pester that runs this for tests that are all skipped.
            return
        }
        $rows = @(Import-Csv -LiteralPath 'mfa-migration/snapshot.csv')
        $enforced = @($rows | Where-Object { $_.PerUserMfaState -eq 'enforced' })
        $ada = $enforced[0].UserPrincipalName
        $id = $enforced[1].ObjectId
        $enforced | Select-Object -Property @{ n = 'UPN'; e = { $_.UserPrincipalName } }, @{ n = 'perUserMfaState'; e = { 'Enforced' } } |
            Export-Csv -LiteralPath 'legacy.csv' -NoTypeInformation -Encoding UTF8
        @($enforced[2], $enforced[3]) |
            Select-Object -Property @{ n = 'Username'; e = { $_.UserPrincipalName } }, @{ n = 'MFA Status'; e = { 'Enabled' } } |
            Export-Csv -LiteralPath 'bulk.csv' -NoTypeInformation -Encoding UTF8
        Set-Content -LiteralPath 'users.txt' -Encoding ASCII -Value $enforced[4].UserPrincipalName

        # Users in the shapes of MSOnline, of Graph PowerShell and of Entra PowerShell.
        function Get-MsolUser {
            param([switch] $All)
            $rows | ForEach-Object {
                [pscustomobject] @{ ObjectId = [guid] $_.ObjectId; UserPrincipalName = $_.UserPrincipalName; State = 'KS'; All = [bool] $All }
            }
        }
        function Get-MgUser {
            param([switch] $All)
            $rows | ForEach-Object {
                [pscustomobject] @{ Id = $_.ObjectId; UserPrincipalName = $_.UserPrincipalName; State = 'KS'; All = [bool] $All }
            }
        }
        function Get-EntraUser {
            param([switch] $All)
            Get-MgUser -All:$All
        }

        function Invoke-Documented {
            # Runs a line as somebody types it who has said that nothing is to be asked; returns the errors it wrote.
            param([string] $Line)
            $ConfirmPreference = 'None'
            $ErrorActionPreference = 'SilentlyContinue'
            $WarningPreference = 'SilentlyContinue'
            $Error.Clear()
            & ([scriptblock]::Create($Line.Replace('ada@contoso.example', $ada))) | Out-Null
            @($Error)
        }
    }

    AfterAll {
        if ($command) {
            Stop-Sandbox
        }
    }

    It 'runs: <Line>' -ForEach $lines {
        # Whoever is not covered, never registered, or changed since is left alone, each with an error: that is the answer.
        $expected = '^MfaMigrate\.(NotCovered|NotRegistered|EmergencyAccess|Drift|NotAll),'
        $others = @(Invoke-Documented -Line $Line | Where-Object { $_.FullyQualifiedErrorId -notmatch $expected })
        "$others" | Should -BeNullOrEmpty
    }

    It 'is refused: <Line>' -ForEach $refused {
        { & ([scriptblock]::Create($Line)) } | Should -Throw
    }
}
