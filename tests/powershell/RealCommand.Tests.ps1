# The module with the real command, and a sandbox behind it. Needs the environment that "make test-powershell" makes;
# skipped where that is not there.

BeforeDiscovery {
    $root = Split-Path -Parent -Path (Split-Path -Parent -Path $PSScriptRoot)
    $there = @('.venv/bin/mfa-migrate', '.venv/Scripts/mfa-migrate.exe') |
        ForEach-Object { Join-Path -Path $root -ChildPath $_ } |
        Where-Object { Test-Path -LiteralPath $_ }
}

Describe 'the module with the real command' -Skip:(-not $there) {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'sandbox.ps1')
    }

    AfterAll {
        if ($command) {
            Stop-Sandbox
        }
    }

    It 'reads who is enforced, and finds no difference between a fresh list and the tenant' {
        $enforced = @($before.Keys | Where-Object { $before[$_] -eq 'enforced' })
        $users = @($enforced | Select-Object -First 3 | ForEach-Object { [pscustomobject] @{ UPN = $_ } } | Get-MfaState -Live)
        $users.Count | Should -Be 3
        @($users | Where-Object PerUserMfaState -EQ enforced).Count | Should -Be 3
        @(Import-MfaState 'mfa-migration/snapshot.csv').Count | Should -Be $before.Count
        @(Compare-MfaState 'mfa-migration/snapshot.csv' | Where-Object Kind -EQ state).Count | Should -Be 0
    }

    It 'migrates, is found to be well, and goes back by hand' {
        $result = Invoke-MfaMigration -MaxUsers 100% -SkipReportOnly 'a test' -SkipSettle 'a test' -Force
        $result.Ending | Should -Be 'done'
        Test-MfaMigration | Should -Be $true
        $rows = @(Import-Csv 'mfa-migration/rollback.csv')
        @($rows | Get-MfaState -Live | Where-Object PerUserMfaState -NE disabled).Count | Should -Be 0

        Copy-Item -LiteralPath 'mfa-migration/rollback.csv' -Destination 'rollback.csv'
        $errors = $null
        Import-Csv rollback.csv | Group-Object PreviousState | ForEach-Object {
            $_.Group | Set-MfaState -State $_.Name -ErrorAction SilentlyContinue -ErrorVariable +errors -WarningAction SilentlyContinue
        }
        @($errors).Count | Should -Be 0
        $now = @($rows | Get-MfaState -Live)
        $now.Count | Should -Be $rows.Count
        @($now | Where-Object { $_.PerUserMfaState -eq 'disabled' }).Count | Should -Be 0
        @($now | Where-Object { $before[$_.UserPrincipalName] -eq 'enforced' -and $_.PerUserMfaState -ne 'enforced' }).Count | Should -Be 0
    }

    It 'writes an error for a user who does not exist, and goes on with the others' {
        $name = @($before.Keys | Where-Object { $before[$_] -eq 'disabled' })[0]
        $errors = $null
        $users = @('nobody@contoso.example', $name) | ForEach-Object { [pscustomobject] @{ UserPrincipalName = $_ } }
        $results = @($users | Set-MfaState -State Enabled -PassThru -ErrorAction SilentlyContinue -ErrorVariable errors -WarningAction SilentlyContinue)
        $results.Count | Should -Be 2
        @($errors | Where-Object { $_.FullyQualifiedErrorId -like 'MfaMigrate.NotFound*' }).Count | Should -Be 1
        ($results | Where-Object UserPrincipalName -EQ $name).Outcome | Should -Be 'confirmed'
    }
}
