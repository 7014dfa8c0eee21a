# Pester 5 tests of the module, with a fake command that notes how it is called. Runs in Windows PowerShell 5.1 and in
# PowerShell 7; needs Python on PATH for the fake.

Describe 'MfaMigrate' {
    BeforeAll {
        $script:here = $PSScriptRoot
        $script:root = Split-Path -Parent -Path (Split-Path -Parent -Path $PSScriptRoot)
        Import-Module -Name (Join-Path -Path $script:root -ChildPath 'migrate/powershell/MfaMigrate/MfaMigrate.psd1') -Force

        $script:windows = $env:OS -eq 'Windows_NT'
        $fake = Join-Path -Path $script:here -ChildPath 'fake_cli.py'
        $script:fakeCommand = $fake
        if ($script:windows) {
            $script:fakeCommand = Join-Path -Path $TestDrive -ChildPath 'fake.cmd'
            Set-Content -LiteralPath $script:fakeCommand -Encoding ASCII -Value "@python `"$fake`" %*"
        }

        function Get-Call {
            if (Test-Path -LiteralPath $env:FAKE_CLI_LOG) {
                Get-Content -LiteralPath $env:FAKE_CLI_LOG -Encoding UTF8 | ForEach-Object { ConvertFrom-Json -InputObject $_ }
            }
        }

        function Set-Answer {
            param([string] $Verb, [string] $Stdout = '', [string] $Stderr = '', [int] $ExitCode = 0)
            $path = Join-Path -Path $TestDrive -ChildPath 'answers.json'
            $answers = @{ $Verb = @{ stdout = $Stdout; stderr = $Stderr; exitCode = $ExitCode } }
            Set-Content -LiteralPath $path -Encoding UTF8 -Value (ConvertTo-Json -InputObject $answers -Depth 5)
            $env:FAKE_CLI_ANSWERS = $path
        }

        $script:ana = '11111111-1111-4111-8111-111111111111'
        $script:bob = '22222222-2222-4222-8222-222222222222'
    }

    BeforeEach {
        $env:MFA_MIGRATE_CLI = $script:fakeCommand
        $env:FAKE_CLI_LOG = Join-Path -Path $TestDrive -ChildPath 'calls.ndjson'
        $env:FAKE_CLI_ANSWERS = ''
        if (Test-Path -LiteralPath $env:FAKE_CLI_LOG) {
            Remove-Item -LiteralPath $env:FAKE_CLI_LOG
        }
    }

    AfterAll {
        foreach ($name in @('MFA_MIGRATE_CLI', 'FAKE_CLI_LOG', 'FAKE_CLI_ANSWERS')) {
            Remove-Item -LiteralPath "Env:$name" -ErrorAction SilentlyContinue
        }
        Remove-Module -Name MfaMigrate -Force
    }

    Context 'the module' {
        It 'exports its seven functions and nothing else' {
            (Get-Command -Module MfaMigrate).Name | Sort-Object | Should -Be @(
                'Compare-MfaState', 'Get-MfaState', 'Import-MfaState', 'Invoke-MfaMigration',
                'Restore-MfaState', 'Set-MfaState', 'Test-MfaMigration')
        }

        It 'has help with examples for <_>' -ForEach @(
            'Compare-MfaState', 'Get-MfaState', 'Import-MfaState', 'Invoke-MfaMigration',
            'Restore-MfaState', 'Set-MfaState', 'Test-MfaMigration') {
            $help = Get-Help -Name $_ -Full
            $help.Synopsis | Should -Not -BeNullOrEmpty
            @($help.Examples.Example).Count | Should -BeGreaterThan 0
        }
    }

    Context 'Set-MfaState' {
        It 'takes the documented positions: id, name, state' {
            Set-MfaState $script:ana 'ana@contoso.example' Disabled -WarningAction SilentlyContinue
            $call = Get-Call
            $call.arguments | Should -Be @('set-state', '--state', 'Disabled', '--input', '-', '--output', 'ndjson', '--yes')
            $user = ConvertFrom-Json -InputObject $call.lines[0]
            $user.objectId | Should -Be $script:ana
            $user.userPrincipalName | Should -Be 'ana@contoso.example'
        }

        It 'never puts a value on the command line' {
            Set-MfaState -UserPrincipalName 'ana@contoso.example' -State Disabled -AcceptUncovered 'a "quoted" reason' -WarningAction SilentlyContinue
            $call = Get-Call
            $call.commandLine | Should -Be @('powershell', 'call')
            $call.arguments | Should -Contain 'a "quoted" reason'
        }

        It 'is silent, and talks with -PassThru' {
            Set-MfaState -ObjectId $script:ana -State Enabled -WarningAction SilentlyContinue | Should -BeNullOrEmpty
            $result = Set-MfaState -ObjectId $script:ana -State Enforced -PassThru -WarningAction SilentlyContinue
            $result.PSObject.TypeNames[0] | Should -Be 'MfaMigrate.StateChange'
            $result.ObjectId | Should -Be $script:ana
            $result.Before | Should -Be 'enabled'
            $result.Found | Should -Be 'enforced'
        }

        It 'starts one process for a pipeline' {
            1..50 | ForEach-Object { [pscustomobject] @{ UPN = "u$_@contoso.example" } } |
                Set-MfaState -State Disabled -WarningAction SilentlyContinue
            $calls = @(Get-Call)
            $calls.Count | Should -Be 1
            $calls[0].lines.Count | Should -Be 50
        }

        It 'sends batches of the size that is asked for' {
            1..5 | ForEach-Object { [pscustomobject] @{ Username = "u$_@contoso.example" } } |
                Set-MfaState -State Disabled -BatchSize 2 -WarningAction SilentlyContinue
            @(Get-Call | ForEach-Object { $_.lines.Count }) | Should -Be @(2, 2, 1)
        }

        It 'binds <Name> by property name' -ForEach @(
            @{ Name = 'ObjectId'; Value = '11111111-1111-4111-8111-111111111111'; Key = 'objectId' }
            @{ Name = 'Id'; Value = '11111111-1111-4111-8111-111111111111'; Key = 'objectId' }
            @{ Name = 'UserId'; Value = '11111111-1111-4111-8111-111111111111'; Key = 'objectId' }
            @{ Name = 'UserId'; Value = 'ana@contoso.example'; Key = 'userPrincipalName' }
            @{ Name = 'UserPrincipalName'; Value = 'ana@contoso.example'; Key = 'userPrincipalName' }
            @{ Name = 'UPN'; Value = 'ana@contoso.example'; Key = 'userPrincipalName' }
            @{ Name = 'Username'; Value = 'ana@contoso.example'; Key = 'userPrincipalName' }
            @{ Name = 'SignInName'; Value = 'ana@contoso.example'; Key = 'userPrincipalName' }
        ) {
            [pscustomobject] @{ $Name = $Value } | Set-MfaState -State Disabled -WarningAction SilentlyContinue
            $user = ConvertFrom-Json -InputObject (Get-Call).lines[0]
            $user.$Key | Should -Be $Value
        }

        It 'takes an empty cell as not given' {
            [pscustomobject] @{ ObjectId = ''; UserPrincipalName = 'ana@contoso.example' } |
                Set-MfaState -State Disabled -WarningAction SilentlyContinue
            (Get-Call).lines[0] | Should -Be '{"userPrincipalName":"ana@contoso.example"}'
        }

        It 'keeps nothing from one object to the next' {
            @(
                [pscustomobject] @{ ObjectId = $script:ana; UserPrincipalName = 'ana@contoso.example' }
                [pscustomobject] @{ ObjectId = ''; UserPrincipalName = 'bob@contoso.example' }
            ) | Set-MfaState -State Disabled -WarningAction SilentlyContinue
            (Get-Call).lines[1] | Should -Be '{"userPrincipalName":"bob@contoso.example"}'
        }

        It 'never takes State from the pipeline, where it is the province' {
            [pscustomobject] @{ ObjectId = $script:ana; State = 'Enforced' } |
                Set-MfaState -State Disabled -WarningAction SilentlyContinue
            (Get-Call).arguments[2] | Should -Be 'Disabled'
            (Get-Command -Name Set-MfaState).Parameters['State'].Attributes |
                Where-Object { $_ -is [Parameter] } | ForEach-Object { $_.ValueFromPipelineByPropertyName } |
                Should -Be $false
        }

        It 'wants a state that exists' {
            { Set-MfaState -ObjectId $script:ana -State Off } | Should -Throw
            Get-Call | Should -BeNullOrEmpty
        }

        It 'starts nothing with -WhatIf' {
            [pscustomobject] @{ ObjectId = $script:ana } | Set-MfaState -State Disabled -WhatIf
            Get-Call | Should -BeNullOrEmpty
        }

        It 'starts nothing for an empty pipeline' {
            @() | Set-MfaState -State Disabled
            Get-Call | Should -BeNullOrEmpty
        }

        It 'sends nothing when something upstream fails first' {
            { @('a@contoso.example', 'b@contoso.example') | ForEach-Object {
                    if ($_ -like 'b*') { throw 'upstream' }
                    [pscustomobject] @{ UPN = $_ }
                } | Set-MfaState -State Disabled } | Should -Throw 'upstream'
            Get-Call | Should -BeNullOrEmpty
        }

        It 'writes one error for each failed user, with id, category and target' {
            $errors = $null
            @('fail.one@contoso.example', 'ok@contoso.example', 'fail.two@contoso.example') |
                ForEach-Object { [pscustomobject] @{ UPN = $_ } } |
                Set-MfaState -State Disabled -ErrorAction SilentlyContinue -ErrorVariable errors -WarningAction SilentlyContinue
            $ours = @($errors | Where-Object { $_.FullyQualifiedErrorId -like 'MfaMigrate.NotFound*' })
            $ours.Count | Should -Be 2
            $ours[0].CategoryInfo.Category | Should -Be 'ObjectNotFound'
            $ours[0].TargetObject | Should -Be 'fail.one@contoso.example'
            $ours[1].TargetObject | Should -Be 'fail.two@contoso.example'
        }

        It 'stops at the first failed user with -ErrorAction Stop' {
            { Set-MfaState -UserPrincipalName 'fail@contoso.example' -State Disabled -ErrorAction Stop -WarningAction SilentlyContinue } |
                Should -Throw -ErrorId 'MfaMigrate.NotFound*'
        }

        It 'writes an error for an object without an identity and goes on' {
            $errors = $null
            @([pscustomobject] @{ ObjectId = '' }, [pscustomobject] @{ ObjectId = 'x' }, [pscustomobject] @{ ObjectId = $script:bob }) |
                Set-MfaState -State Disabled -ErrorAction SilentlyContinue -ErrorVariable errors -WarningAction SilentlyContinue
            @($errors | Where-Object { $_.FullyQualifiedErrorId -like 'MfaMigrate.BadInput*' }).Count | Should -Be 2
            @((Get-Call).lines).Count | Should -Be 1
        }

        It 'hands warnings on' {
            $warnings = $null
            Set-MfaState -ObjectId $script:ana -State Disabled -WarningAction SilentlyContinue -WarningVariable warnings
            "$warnings" | Should -Be 'a warning'
        }

        It 'keeps letters outside of ASCII' {
            $name = 'zo' + [char] 0xEB + '@contoso.example'
            $result = Set-MfaState -UserPrincipalName $name -State Disabled -PassThru -WarningAction SilentlyContinue
            $result.UserPrincipalName | Should -Be $name
        }

        It 'restores from the rows of a rollback file, each to its former state' {
            $rows = @(
                [pscustomobject] @{ ObjectId = $script:ana; PreviousState = 'enforced'; TargetState = 'disabled'; Wave = '1'; PlanDigest = 'abc' }
                [pscustomobject] @{ ObjectId = $script:bob; PreviousState = 'enabled'; TargetState = 'disabled'; Wave = '1'; PlanDigest = 'abc' }
            )
            $rows | Group-Object PreviousState | ForEach-Object { $_.Group | Set-MfaState -State $_.Name -WarningAction SilentlyContinue }
            $calls = @(Get-Call)
            $calls.Count | Should -Be 2
            @($calls | ForEach-Object { $_.arguments[2] } | Sort-Object) | Should -Be @('enabled', 'enforced')
            $user = ConvertFrom-Json -InputObject ($calls | Where-Object { $_.arguments[2] -eq 'enforced' }).lines[0]
            $user.previousState | Should -Be 'enforced'
            $user.planDigest | Should -Be 'abc'
        }

        It 'runs in the folder of the file system and names the working folder through the environment' {
            Push-Location -LiteralPath $TestDrive
            try {
                Set-MfaState -ObjectId $script:ana -State Disabled -Workspace 'my work' -WarningAction SilentlyContinue
            }
            finally {
                Pop-Location
            }
            $call = Get-Call
            Split-Path -Leaf -Path $call.folder | Should -Be (Split-Path -Leaf -Path "$TestDrive")
            $call.workspace | Should -Be 'my work'
        }

        It 'ends when the command breaks off' {
            Set-Answer -Verb 'set-state' -Stderr 'Error: it broke' -ExitCode 70
            { Set-MfaState -ObjectId $script:ana -State Disabled } | Should -Throw '*it broke*' -ErrorId 'MfaMigrate.Exit70*'
        }

        It 'ends when the command speaks another protocol' {
            Set-Answer -Verb 'set-state' -Stdout '{"type":"log","version":99,"level":"verbose","message":"hello"}'
            { Set-MfaState -ObjectId $script:ana -State Disabled } | Should -Throw -ErrorId 'MfaMigrate.Protocol*'
        }

        It 'ends with the words of a guard' {
            $summary = '{"type":"summary","version":1,"kind":"setState","exitCode":3,"counts":{},"journalEntries":null,"journalHash":null,' +
            '"error":{"code":"LimitReached","what":"Too many.","unchanged":"Nothing was changed.","hint":"Use less."}}'
            Set-Answer -Verb 'set-state' -Stdout $summary -ExitCode 3
            { Set-MfaState -ObjectId $script:ana -State Disabled } |
                Should -Throw 'Too many. Nothing was changed. Use less.' -ErrorId 'MfaMigrate.LimitReached*'
        }
    }

    Context 'finding the command' {
        It 'says what to do when MFA_MIGRATE_CLI points nowhere' {
            $env:MFA_MIGRATE_CLI = Join-Path -Path $TestDrive -ChildPath 'nowhere'
            { Set-MfaState -ObjectId $script:ana -State Disabled } | Should -Throw '*there is no such file*' -ErrorId 'MfaMigrate.CliNotFound*'
        }
    }

    Context 'the other functions' {
        It 'gets users in one call, by id where there is one' {
            Set-Answer -Verb 'status' -Stdout ('{"live":false,"users":[{"objectId":"' + $script:ana + '","userPrincipalName":"ana@contoso.example",' +
                '"displayName":"Ana","userType":"Member","accountEnabled":true,"perUserMfaState":"enforced","problem":null,' +
                '"registration":{"isMfaRegistered":true,"isMfaCapable":true,"methodsRegistered":["fido2"],"lastUpdatedDateTime":null},"meaning":""}]}')
            $users = @([pscustomobject] @{ ObjectId = $script:ana; UPN = 'ana@contoso.example' }, [pscustomobject] @{ UPN = 'bob@contoso.example' }) |
                Get-MfaState -Live
            $calls = @(Get-Call)
            $calls.Count | Should -Be 1
            $calls[0].arguments | Should -Be @('--output', 'json', 'status', '--live', '--', $script:ana, 'bob@contoso.example')
            @($users).Count | Should -Be 1
            $users.PerUserMfaState | Should -Be 'enforced'
            $users.IsMfaRegistered | Should -Be $true
            $users.MethodsRegistered | Should -Be @('fido2')
        }

        It 'imports a file by its full path' {
            Set-Answer -Verb 'convert' -Stderr 'Warning: half of the truth' -Stdout '[{"objectId":null,"userPrincipalName":"a@contoso.example","perUserMfaState":"enforced","source":"x","row":2}]'
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

        It 'imports nothing from an empty file' {
            Set-Answer -Verb 'convert' -Stdout '[]'
            @(Import-MfaState -Path 'x.csv').Count | Should -Be 0
        }

        It 'ends with the reason when a file is refused' {
            Set-Answer -Verb 'convert' -Stderr 'Error: it holds no state' -ExitCode 2
            { Import-MfaState -Path 'x.csv' } | Should -Throw '*it holds no state*' -ErrorId 'MfaMigrate.Exit2*'
        }

        It 'compares, and differences are no error' {
            Set-Answer -Verb 'compare' -ExitCode 1 -Stdout '{"differences":[{"kind":"new","objectId":"i","userPrincipalName":"a@contoso.example","claimed":null,"found":"enabled","row":null,"sentence":"s"}]}'
            $differences = @(Compare-MfaState -Path 'x.csv')
            $differences[0].Kind | Should -Be 'new'
            $differences[0].PSObject.TypeNames[0] | Should -Be 'MfaMigrate.Difference'
        }

        It 'restores from a file without asking when forced' {
            Set-Answer -Verb 'rollback' -Stdout '{"ending":"done","outcomes":{"confirmed":2},"waitingFor":null,"waitingUntil":null,"sentence":null,"rehearsal":false,"planDigest":"d"}'
            $result = Restore-MfaState 'rollback.csv' -Force
            $result.Ending | Should -Be 'done'
            $call = Get-Call
            $call.arguments[2..3] | Should -Be @('rollback', '--file')
            $call.arguments[-1] | Should -Be '--yes'
        }

        It 'rehearses a restore with -WhatIf, even when forced' {
            Set-Answer -Verb 'rollback' -Stdout '{"ending":"done","rehearsal":true}'
            Restore-MfaState -Wave 2 -Force -WhatIf | Out-Null
            (Get-Call).arguments[2..5] | Should -Be @('rollback', '--wave', '2', '--what-if')
        }

        It 'plans and applies' {
            $path = Join-Path -Path $TestDrive -ChildPath 'answers.json'
            $answers = @{ plan = @{ stdout = '{"digest":"d"}' }; apply = @{ stdout = '{"ending":"waiting"}' } }
            Set-Content -LiteralPath $path -Encoding UTF8 -Value (ConvertTo-Json -InputObject $answers -Depth 5)
            $env:FAKE_CLI_ANSWERS = $path
            $result = Invoke-MfaMigration -MaxUsers '10%' -Until 'wave:1' -Force
            $result.Ending | Should -Be 'waiting'
            $calls = @(Get-Call)
            $calls[0].arguments | Should -Be @('--output', 'json', 'plan')
            $calls[1].arguments | Should -Be @('--output', 'json', 'apply', '--max-users', '10%', '--until', 'wave:1', '--yes')
        }

        It 'goes on without a new plan, and rehearses with -WhatIf' {
            Set-Answer -Verb 'apply' -Stdout '{"ending":"done"}'
            Invoke-MfaMigration -MaxUsers 5 -Continue -WhatIf | Out-Null
            $calls = @(Get-Call)
            $calls.Count | Should -Be 1
            $calls[0].arguments[-1] | Should -Be '--what-if'
        }

        It 'says not all when some users failed' {
            Set-Answer -Verb 'rollback' -ExitCode 1 -Stdout '{"ending":"done"}'
            $errors = $null
            Restore-MfaState -Force -ErrorAction SilentlyContinue -ErrorVariable errors | Out-Null
            @($errors | Where-Object { $_.FullyQualifiedErrorId -like 'MfaMigrate.NotAll*' }).Count | Should -Be 1
        }

        It 'tests: true when nothing was found, false with findings, an error otherwise' {
            Set-Answer -Verb 'verify' -Stdout '{"findings":[]}'
            Test-MfaMigration | Should -Be $true
            Set-Answer -Verb 'verify' -ExitCode 1 -Stdout '{"findings":[{"code":"state-differs","subject":"a","subjectId":"i","sentence":"s","evidence":"e"}]}'
            Test-MfaMigration | Should -Be $false
            @(Test-MfaMigration -Detailed)[0].Code | Should -Be 'state-differs'
            Set-Answer -Verb 'verify' -ExitCode 4 -Stderr 'Error: no sign-in'
            { Test-MfaMigration } | Should -Throw '*no sign-in*'
        }
    }
}
