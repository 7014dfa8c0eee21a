# The functions that read, migrate, check and put back. Pester 5, with a fake command that notes how it is called. Runs
# in Windows PowerShell 5.1 and in PowerShell 7; needs Python on PATH for the fake.

Describe 'the functions beside Set-MfaState' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'setup.ps1')
        $done = '{"ending":"done","outcomes":{"confirmed":2},"waitingFor":null,"waitingUntil":null,"sentence":null,"policiesKept":[],"planDigest":"d"}'
        $waiting = '{"ending":"waiting","outcomes":{},"waitingFor":"policies settle","waitingUntil":"2026-03-01T08:00:00Z","sentence":null,"policiesKept":[],"planDigest":"d"}'
    }

    BeforeEach {
        Clear-Call
    }

    AfterAll {
        Remove-Everything
    }

    It 'gets users in one call, by id where there is one' {
        Set-Answer -Verb 'status' -Stdout (New-Answer -List 'users' -Item ('{"objectId":"' + $ana + '","userPrincipalName":"ana@contoso.example",' +
                '"displayName":"Ana","userType":"Member","accountEnabled":true,"perUserMfaState":"enforced","problem":null,' +
                '"registration":{"isMfaRegistered":true,"isMfaCapable":true,"methodsRegistered":["fido2"],"lastUpdatedDateTime":null},"meaning":""}'))
        $users = @([pscustomobject] @{ ObjectId = $ana; UPN = 'ana@contoso.example' }, [pscustomobject] @{ UPN = 'bob@contoso.example' }) |
            Get-MfaState -Live
        $calls = @(Get-Call)
        $calls.Count | Should -Be 1
        $calls[0].arguments | Should -Be @('--output', 'ndjson', 'status', '--live', '--', $ana, 'bob@contoso.example')
        @($users).Count | Should -Be 1
        $users.PerUserMfaState | Should -Be 'enforced'
        $users.IsMfaRegistered | Should -Be $true
        $users.MethodsRegistered | Should -Be @('fido2')
    }

    It 'gets users of whom no registration is known' {
        Set-Answer -Verb 'status' -Stdout (New-Answer -List 'users' -Item ('{"objectId":"' + $ana + '","userPrincipalName":"a@contoso.example",' +
                '"accountEnabled":true,"perUserMfaState":"disabled","problem":null,"registration":null}'))
        $user = Get-MfaState 'a@contoso.example' -Live
        $user.IsMfaRegistered | Should -BeNullOrEmpty
        @($user.MethodsRegistered).Count | Should -Be 0
    }

    It 'says that nobody was named, and asks for nobody' {
        $errors = $null
        Get-MfaState -ErrorAction SilentlyContinue -ErrorVariable errors
        @($errors)[0].FullyQualifiedErrorId | Should -BeLike 'MfaMigrate.BadInput*'
        @() | Get-MfaState -ErrorAction Stop
        Get-Call | Should -BeNullOrEmpty
    }

    It 'imports a file by its full path' {
        Set-Answer -Verb 'convert' -Stderr 'Warning: half of the truth' -Stdout '{"objectId":null,"userPrincipalName":"a@contoso.example","perUserMfaState":"enforced","source":"x","row":2}'
        Push-Location -LiteralPath $TestDrive
        try {
            $claims = @(Import-MfaState -Path 'old list.csv' -StateColumn 'MFA Status' -TrustDisabled -WarningAction SilentlyContinue -WarningVariable warnings)
        }
        finally {
            Pop-Location
        }
        $call = Get-Call
        $call.arguments[2] | Should -Be 'convert'
        [IO.Path]::IsPathRooted($call.arguments[3]) | Should -Be $true
        Split-Path -Leaf -Path $call.arguments[3] | Should -Be 'old list.csv'
        $call.arguments[4..6] | Should -Be @('--state-column', 'MFA Status', '--trust-disabled')
        $claims.Count | Should -Be 1
        $claims[0].PerUserMfaState | Should -Be 'enforced'
        "$warnings" | Should -Be 'half of the truth'
    }

    It 'imports the files of Get-ChildItem, and answers of more than 2 MiB' {
        $row = '{"objectId":null,"userPrincipalName":"a@contoso.example","perUserMfaState":"enforced","source":"' + ('x' * 3000) + '","row":2}'
        Write-Answer -Answers @{ convert = @{ stdout = "$row`n"; times = 1000 } }
        Set-Content -LiteralPath (Join-Path -Path $TestDrive -ChildPath 'one.csv') -Value 'x'
        $claims = @(Get-ChildItem -Path (Join-Path -Path $TestDrive -ChildPath 'one.csv') | Import-MfaState)
        $claims.Count | Should -Be 1000
        $claims[999].Row | Should -Be 2
        Split-Path -Leaf -Path (Get-Call).arguments[3] | Should -Be 'one.csv'
    }

    It 'imports nothing from an empty file' {
        Set-Answer -Verb 'convert'
        @(Import-MfaState -Path 'x.csv').Count | Should -Be 0
    }

    It 'ends with the reason when a file is refused' {
        Set-Answer -Verb 'convert' -Stderr 'Error: it holds no state' -ExitCode 2
        { Import-MfaState -Path 'x.csv' } | Should -Throw '*it holds no state*' -ErrorId 'MfaMigrate.Exit2*'
    }

    It 'compares, and differences are no error' {
        Set-Answer -Verb 'compare' -ExitCode 1 -Stdout (New-Answer -List 'differences' -Item '{"kind":"new","objectId":"i","userPrincipalName":"a@contoso.example","claimed":null,"found":"enabled","row":null,"sentence":"s"}')
        $differences = @(Compare-MfaState -Path 'x.csv')
        $differences.Count | Should -Be 1
        $differences[0].Kind | Should -Be 'new'
        $differences[0].PSObject.TypeNames[0] | Should -Be 'MfaMigrate.Difference'
    }

    It 'restores from a file without asking when forced' {
        Set-Answer -Verb 'rollback' -Stdout (New-Answer -Document $done)
        $result = Restore-MfaState 'rollback.csv' -Force
        $result.Ending | Should -Be 'done'
        $result.Outcomes.confirmed | Should -Be 2
        $call = Get-Call
        $call.arguments[2..3] | Should -Be @('rollback', '--file')
        $call.arguments[-1] | Should -Be '--yes'
    }

    It 'restores named users, and never everybody because a variable is empty' {
        Set-Answer -Verb 'rollback' -Stdout (New-Answer -Document $done)
        $nothing = $null
        { Restore-MfaState -User $nothing -Force } | Should -Throw
        { Restore-MfaState -User '' -Force } | Should -Throw
        { Restore-MfaState -Path $nothing -Force } | Should -Throw
        { Restore-MfaState -Wave $nothing -Force } | Should -Throw
        Get-Call | Should -BeNullOrEmpty
        Restore-MfaState -User 'a@contoso.example', 'b@contoso.example' -Force | Out-Null
        (Get-Call).arguments[2..5] | Should -Be @('rollback', '--users', 'a@contoso.example,b@contoso.example', '--yes')
    }

    It 'rehearses a restore with -WhatIf, even when forced' {
        Set-Answer -Verb 'rollback' -Stdout (New-Answer -List 'rehearsal' -Item '"~ a@contoso.example"', '"~ b@contoso.example"' -Document $done)
        $result = Restore-MfaState -Wave 2 -Force -WhatIf
        $result.Rehearsal | Should -Be @('~ a@contoso.example', '~ b@contoso.example')
        (Get-Call).arguments[2..5] | Should -Be @('rollback', '--wave', '2', '--what-if')
    }

    It 'plans and applies' {
        Write-Answer -Answers @{
            plan  = @{ stdout = (New-Answer -Document '{"digest":"d","tenantName":"Contoso","tenantDomain":"contoso.example"}') }
            apply = @{ stdout = (New-Answer -Document $waiting) }
        }
        $result = Invoke-MfaMigration -MaxUsers '10%' -Until 'wave:1' -Force
        $result.Ending | Should -Be 'waiting'
        $result.WaitingUntil | Should -BeOfType [datetime]
        $until = $result.WaitingUntil.ToUniversalTime()
        $until.ToString('yyyy-MM-dd HH:mm', [Globalization.CultureInfo]::InvariantCulture) | Should -Be '2026-03-01 08:00'
        $calls = @(Get-Call)
        $calls[0].arguments | Should -Be @('--output', 'ndjson', 'plan')
        $calls[1].arguments | Should -Be @('--output', 'ndjson', 'apply', '--max-users', '10%', '--until', 'wave:1', '--yes')
    }

    It 'applies nothing when no plan could be made, also with -ErrorAction <_>' -ForEach @('SilentlyContinue', 'Ignore', 'Continue', 'Stop') {
        Set-Answer -Verb 'plan' -Stderr 'Error: there is no export' -ExitCode 2
        { Invoke-MfaMigration -MaxUsers 5 -Force -ErrorAction $_ } | Should -Throw '*there is no export*'
        @(Get-Call).Count | Should -Be 1
    }

    It 'goes on without a new plan, and rehearses with -WhatIf' {
        Set-Answer -Verb 'apply' -Stdout (New-Answer -Document $done)
        Invoke-MfaMigration -MaxUsers 5 -Continue -WhatIf | Out-Null
        $calls = @(Get-Call)
        $calls.Count | Should -Be 1
        $calls[0].arguments[-1] | Should -Be '--what-if'
    }

    It 'says not all when some users failed' {
        $document = '{"ending":"done","outcomes":{"confirmed":1,"failed":2},"policiesKept":["P stays"],"sentence":null,"waitingUntil":null}'
        Set-Answer -Verb 'rollback' -ExitCode 1 -Stdout (New-Answer -Document $document)
        $errors = $null
        Restore-MfaState -Force -ErrorAction SilentlyContinue -ErrorVariable errors | Out-Null
        $ours = @($errors | Where-Object { $_.FullyQualifiedErrorId -like 'MfaMigrate.NotAll*' })
        $ours.Count | Should -Be 1
        "$($ours[0])" | Should -BeLike '*2 failed; P stays*'
    }

    It 'tests: true when nothing was found, false with findings, an error otherwise' {
        Set-Answer -Verb 'verify' -Stdout (New-Answer)
        Test-MfaMigration | Should -Be $true
        Set-Answer -Verb 'verify' -ExitCode 1 -Stdout (New-Answer -List 'findings' -Item '{"code":"state-differs","subject":"a","subjectId":"i","sentence":"s","evidence":"e"}')
        Test-MfaMigration | Should -Be $false
        @(Test-MfaMigration -Detailed)[0].Code | Should -Be 'state-differs'
        Set-Answer -Verb 'verify' -ExitCode 4 -Stderr 'Error: no sign-in'
        { Test-MfaMigration } | Should -Throw '*no sign-in*'
        { Test-MfaMigration -ErrorAction SilentlyContinue } | Should -Throw '*no sign-in*'
    }

    It 'calls no tenant well when the command died without a word' {
        Set-Answer -Verb 'verify'
        { Test-MfaMigration } | Should -Throw -ErrorId 'MfaMigrate.Exit0*'
    }
}
