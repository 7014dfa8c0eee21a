# Set-MfaState, the module as a whole, and how the command is found. Pester 5, with a fake command that notes how it is
# called. Runs in Windows PowerShell 5.1 and in PowerShell 7; needs Python on PATH for the fake.

Describe 'Set-MfaState and what all functions share' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'setup.ps1')
    }

    BeforeEach {
        Clear-Call
    }

    AfterAll {
        Remove-Everything
    }

    Context 'the module' {
        It 'exports its eight functions and nothing else' {
            (Get-Command -Module MfaMigrate).Name | Sort-Object | Should -Be @(
                'Compare-MfaState', 'Export-MfaState', 'Get-MfaState', 'Import-MfaState', 'Invoke-MfaMigration',
                'Restore-MfaState', 'Set-MfaState', 'Test-MfaMigration')
        }

        It 'has help with examples, syntax and types of output for <_>, and no address that leads nowhere' -ForEach @(
            'Compare-MfaState', 'Export-MfaState', 'Get-MfaState', 'Import-MfaState', 'Invoke-MfaMigration',
            'Restore-MfaState', 'Set-MfaState', 'Test-MfaMigration') {
            $help = Get-Help -Name $_ -Full
            $help.Synopsis | Should -Not -BeNullOrEmpty
            @($help.Examples.Example).Count | Should -BeGreaterThan 0
            $found = Get-Command -Name $_
            @($found.OutputType).Count | Should -BeGreaterThan 0
            $found.HelpUri | Should -BeNullOrEmpty
            Get-Command -Name $_ -Syntax | Should -BeLike "*$_*"
        }

        It 'completes the parameters of <_>' -ForEach @(
            'Compare-MfaState', 'Export-MfaState', 'Get-MfaState', 'Import-MfaState', 'Invoke-MfaMigration',
            'Restore-MfaState', 'Set-MfaState', 'Test-MfaMigration') {
            $line = "$_ -Work"
            (TabExpansion2 -inputScript $line -cursorColumn $line.Length).CompletionMatches.CompletionText | Should -Contain '-Workspace'
        }

        It 'completes the places where a migration can stop, and states' {
            $line = 'Invoke-MfaMigration -Until '
            $offered = (TabExpansion2 -inputScript $line -cursorColumn $line.Length).CompletionMatches.CompletionText
            $offered | Should -Contain 'policies-on'
            $offered | Should -Contain 'wave:1'
            $line = 'Invoke-MfaMigration -Until rep'
            @((TabExpansion2 -inputScript $line -cursorColumn $line.Length).CompletionMatches.CompletionText) | Should -Be @('report-only')
            $line = 'Set-MfaState -State Dis'
            @((TabExpansion2 -inputScript $line -cursorColumn $line.Length).CompletionMatches.CompletionText) | Should -Be @('Disabled')
        }

        It 'has its topic about_MfaMigrate beside it, and says where the licence is' {
            $module = Get-Module -Name MfaMigrate
            Join-Path -Path $module.ModuleBase -ChildPath 'en-US/about_MfaMigrate.help.txt' | Should -Exist
            "$($module.LicenseUri)" | Should -BeLike 'https://*'
            "$($module.ProjectUri)" | Should -BeNullOrEmpty
        }
    }

    Context 'Set-MfaState' {
        It 'takes the documented positions: id, name, state' {
            Set-MfaState $ana 'ana@contoso.example' Disabled -WarningAction SilentlyContinue
            $call = Get-Call
            $call.arguments | Should -Be @('--output', 'ndjson', 'set-state', '--state', 'Disabled', '--input', '-', '--yes')
            $user = ConvertFrom-Json -InputObject $call.lines[0]
            $user.objectId | Should -Be $ana
            $user.userPrincipalName | Should -Be 'ana@contoso.example'
        }

        It 'never puts a value on the command line' {
            Set-MfaState -UserPrincipalName 'ana@contoso.example' -State Disabled -AcceptUncovered 'a "quoted" reason' -WarningAction SilentlyContinue
            $call = Get-Call
            $call.commandLine | Should -Be @('powershell', 'call')
            $call.arguments | Should -Contain 'a "quoted" reason'
        }

        It 'says for how many users a reason stands, and counts them in one call' {
            Set-MfaState -ObjectId $ana -State Disabled -AcceptUncovered 'a reason' -MaxUsers 3 -WarningAction SilentlyContinue
            $call = Get-Call
            $call.arguments[-2..-1] | Should -Be @('--max-users', '3')
            { Set-MfaState -ObjectId $ana -State Disabled -AcceptUncovered 'a reason' -BatchSize 1 } |
                Should -Throw -ErrorId 'MfaMigrate.BadInput*'
            @(Get-Call).Count | Should -Be 1
        }

        It 'is silent, and talks with -PassThru' {
            Set-MfaState -ObjectId $ana -State Enabled -WarningAction SilentlyContinue | Should -BeNullOrEmpty
            $result = Set-MfaState -ObjectId $ana -State Enforced -PassThru -WarningAction SilentlyContinue
            $result.PSObject.TypeNames[0] | Should -Be 'MfaMigrate.StateChange'
            $result.ObjectId | Should -Be $ana
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

        It 'takes names and ids as text, and no text that was made of an object' {
            $errors = $null
            @('ana@contoso.example', $bob, '@{UserPrincipalName=eve@contoso.example}', 'eve@contoso.example,Eve') |
                Set-MfaState -State Disabled -ErrorAction SilentlyContinue -ErrorVariable errors -WarningAction SilentlyContinue
            (Get-Call).lines | Should -Be @('{"userPrincipalName":"ana@contoso.example"}', "{`"objectId`":`"$bob`"}")
            @($errors | Where-Object { $_.FullyQualifiedErrorId -like 'MfaMigrate.BadInput*' }).Count | Should -Be 2
        }

        It 'takes an empty cell as not given' {
            [pscustomobject] @{ ObjectId = ''; UserPrincipalName = 'ana@contoso.example' } |
                Set-MfaState -State Disabled -WarningAction SilentlyContinue
            (Get-Call).lines[0] | Should -Be '{"userPrincipalName":"ana@contoso.example"}'
        }

        It 'keeps nothing from one object to the next' {
            @(
                [pscustomobject] @{ ObjectId = $ana; UserPrincipalName = 'ana@contoso.example' }
                [pscustomobject] @{ ObjectId = ''; UserPrincipalName = 'bob@contoso.example' }
            ) | Set-MfaState -State Disabled -WarningAction SilentlyContinue
            (Get-Call).lines[1] | Should -Be '{"userPrincipalName":"bob@contoso.example"}'
        }

        It 'never takes State from the pipeline, where it is the province' {
            [pscustomobject] @{ ObjectId = $ana; State = 'Enforced' } |
                Set-MfaState -State Disabled -WarningAction SilentlyContinue
            (Get-Call).arguments[4] | Should -Be 'Disabled'
            (Get-Command -Name Set-MfaState).Parameters['State'].Attributes |
                Where-Object { $_ -is [Parameter] } | ForEach-Object { $_.ValueFromPipelineByPropertyName } |
                Should -Be $false
        }

        It 'wants a state that exists' {
            { Set-MfaState -ObjectId $ana -State Off } | Should -Throw
            Get-Call | Should -BeNullOrEmpty
        }

        It 'rehearses with -WhatIf, in one call that cannot write' {
            $results = @(@([pscustomobject] @{ ObjectId = $ana }, [pscustomobject] @{ ObjectId = $bob }) |
                    Set-MfaState -State Disabled -WhatIf -PassThru -WarningAction SilentlyContinue)
            $calls = @(Get-Call)
            $calls.Count | Should -Be 1
            $calls[0].arguments | Should -Contain '--what-if'
            $calls[0].arguments | Should -Not -Contain '--yes'
            $calls[0].lines.Count | Should -Be 2
            @($results | ForEach-Object { $_.Outcome }) | Should -Be @('planned', 'planned')
        }

        It 'names with -WhatIf only those who would be changed; the others are errors' {
            $path = Join-Path -Path $TestDrive -ChildPath 'said.txt'
            $errors = $null
            Start-Transcript -LiteralPath $path | Out-Null
            try {
                @([pscustomobject] @{ UPN = 'ana@contoso.example' }, [pscustomobject] @{ UPN = 'fail@contoso.example' }) |
                    Set-MfaState -State Disabled -WhatIf -ErrorAction SilentlyContinue -ErrorVariable errors -WarningAction SilentlyContinue
            }
            finally {
                Stop-Transcript | Out-Null
            }
            $said = @(Get-Content -LiteralPath $path | Where-Object { $_ -like 'What if:*' })
            $said.Count | Should -Be 1
            $said[0] | Should -BeLike '*from enabled to disabled*ana@contoso.example*'
            @($errors | Where-Object { $_.FullyQualifiedErrorId -like 'MfaMigrate.NotFound*' }).Count | Should -Be 1
        }

        It 'sends nothing in a script that was started with -WhatIf, although a module does not see its preferences' {
            $path = Join-Path -Path $TestDrive -ChildPath 'wrapper.ps1'
            Set-Content -LiteralPath $path -Encoding ASCII -Value @(
                '[CmdletBinding(SupportsShouldProcess)] param([string] $Id)'
                'Set-MfaState -ObjectId $Id -State Disabled -WarningAction SilentlyContinue')
            & $path -Id $ana -WhatIf
            (Get-Call).arguments | Should -Contain '--what-if'
            & $path -Id $ana
            @(Get-Call | Where-Object { $_.arguments -contains '--yes' }).Count | Should -Be 1
        }

        It 'stops a script whose ErrorActionPreference is Stop' {
            $path = Join-Path -Path $TestDrive -ChildPath 'stopping.ps1'
            Set-Content -LiteralPath $path -Encoding ASCII -Value @(
                '$ErrorActionPreference = "Stop"'
                'Set-MfaState -UserPrincipalName fail@contoso.example -State Disabled -WarningAction SilentlyContinue'
                '"went on"')
            { & $path } | Should -Throw -ErrorId 'MfaMigrate.NotFound*'
        }

        It 'takes a UserId that repeats the name' {
            [pscustomobject] @{ UserId = 'ana@contoso.example'; UserPrincipalName = 'Ana@contoso.example' } |
                Set-MfaState -State Disabled -WarningAction SilentlyContinue
            (Get-Call).lines[0] | Should -Be '{"userPrincipalName":"ana@contoso.example"}'
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
            @([pscustomobject] @{ ObjectId = '' }, [pscustomobject] @{ ObjectId = 'x' }, [pscustomobject] @{ ObjectId = $bob }) |
                Set-MfaState -State Disabled -ErrorAction SilentlyContinue -ErrorVariable errors -WarningAction SilentlyContinue
            @($errors | Where-Object { $_.FullyQualifiedErrorId -like 'MfaMigrate.BadInput*' }).Count | Should -Be 2
            @((Get-Call).lines).Count | Should -Be 1
        }

        It 'hands warnings on' {
            $warnings = $null
            Set-MfaState -ObjectId $ana -State Disabled -WarningAction SilentlyContinue -WarningVariable warnings
            "$warnings" | Should -Be 'a warning'
        }

        It 'keeps letters outside of ASCII' {
            $name = 'zo' + [char] 0xEB + '@contoso.example'
            $result = Set-MfaState -UserPrincipalName $name -State Disabled -PassThru -WarningAction SilentlyContinue
            $result.UserPrincipalName | Should -Be $name
        }

        It 'restores from the rows of a rollback file, each to its former state' {
            $rows = @(
                [pscustomobject] @{ ObjectId = $ana; PreviousState = 'enforced'; TargetState = 'disabled'; Wave = '1'; PlanDigest = 'abc' }
                [pscustomobject] @{ ObjectId = $bob; PreviousState = 'enabled'; TargetState = 'disabled'; Wave = '1'; PlanDigest = 'abc' }
            )
            $rows | Group-Object PreviousState | ForEach-Object { $_.Group | Set-MfaState -State $_.Name -WarningAction SilentlyContinue }
            $calls = @(Get-Call)
            $calls.Count | Should -Be 2
            @($calls | ForEach-Object { $_.arguments[4] } | Sort-Object) | Should -Be @('enabled', 'enforced')
            $user = ConvertFrom-Json -InputObject ($calls | Where-Object { $_.arguments[4] -eq 'enforced' }).lines[0]
            $user.previousState | Should -Be 'enforced'
            $user.planDigest | Should -Be 'abc'
        }

        It 'runs in the folder of the file system and names the working folder by its full path' {
            Push-Location -LiteralPath $TestDrive
            try {
                Set-MfaState -ObjectId $ana -State Disabled -Workspace 'my work' -WarningAction SilentlyContinue
            }
            finally {
                Pop-Location
            }
            $call = Get-Call
            Split-Path -Leaf -Path $call.folder | Should -Be (Split-Path -Leaf -Path "$TestDrive")
            $call.arguments[2] | Should -Be '--workspace'
            [IO.Path]::IsPathRooted($call.arguments[3]) | Should -Be $true
            Split-Path -Leaf -Path $call.arguments[3] | Should -Be 'my work'
        }

        It 'runs in the folder of the file system also where the current location is of another kind' {
            Push-Location -LiteralPath $TestDrive
            Push-Location -LiteralPath 'Env:'
            try {
                Set-MfaState -ObjectId $ana -State Disabled -Workspace 'work' -WarningAction SilentlyContinue
            }
            finally {
                Pop-Location
                Pop-Location
            }
            $call = Get-Call
            Split-Path -Leaf -Path $call.folder | Should -Be (Split-Path -Leaf -Path "$TestDrive")
            Split-Path -Parent -Path $call.arguments[3] | Split-Path -Leaf | Should -Be (Split-Path -Leaf -Path "$TestDrive")
        }

        It 'ends when the command breaks off, with its words and without the talk before them' {
            Set-Answer -Verb 'set-state' -Stderr "SANDBOX x`nSigned in as y`nError: it broke`n       do this" -ExitCode 70
            { Set-MfaState -ObjectId $ana -State Disabled } | Should -Throw 'it broke do this' -ErrorId 'MfaMigrate.Exit70*'
        }

        It 'ends when the command breaks off, also with -ErrorAction <_>' -ForEach @('SilentlyContinue', 'Ignore', 'Continue', 'Stop') {
            Set-Answer -Verb 'set-state' -Stderr 'Error: it broke' -ExitCode 70
            { Set-MfaState -ObjectId $ana -State Disabled -ErrorAction $_ } | Should -Throw '*it broke*'
        }

        It 'ends when the last line does not come, although the exit code is good' {
            Set-Answer -Verb 'set-state' -Stdout '{"type":"log","version":1,"level":"verbose","message":"hello"}'
            { Set-MfaState -ObjectId $ana -State Disabled } | Should -Throw '*before it was done*' -ErrorId 'MfaMigrate.Exit0*'
        }

        It 'ends when the command speaks another protocol' {
            Set-Answer -Verb 'set-state' -Stdout '{"type":"log","version":99,"level":"verbose","message":"hello"}'
            { Set-MfaState -ObjectId $ana -State Disabled } | Should -Throw -ErrorId 'MfaMigrate.Protocol*'
        }

        It 'gives what came before the end, and then the end' {
            $result = '{"type":"result","version":1,"kind":"setState","index":0,"objectId":"' + $ana + '","userPrincipalName":"ana@contoso.example",' +
            '"before":"enabled","requested":"disabled","found":"disabled","outcome":"confirmed","code":"","message":"","note":"","requestId":""}'
            Set-Answer -Verb 'set-state' -Stdout $result -Stderr 'Error: it broke' -ExitCode 70
            $seen = New-Object -TypeName System.Collections.Generic.List[object]
            { Set-MfaState -ObjectId $ana -State Disabled -PassThru | ForEach-Object { $seen.Add($_) } } | Should -Throw '*it broke*'
            $seen.Count | Should -Be 1
        }

        It 'ends with the words of a guard' {
            $summary = '{"type":"summary","version":1,"kind":"setState","exitCode":3,"counts":{},"journalEntries":null,"journalHash":null,' +
            '"error":{"code":"LimitReached","what":"Too many.","unchanged":"Nothing was changed.","hint":"Use less."}}'
            Set-Answer -Verb 'set-state' -Stdout $summary -ExitCode 3
            { Set-MfaState -ObjectId $ana -State Disabled } |
                Should -Throw 'Too many. Nothing was changed. Use less.' -ErrorId 'MfaMigrate.LimitReached*'
        }
    }

    Context 'finding the command' {
        It 'says what to do when MFA_MIGRATE_CLI points nowhere' {
            $env:MFA_MIGRATE_CLI = Join-Path -Path $TestDrive -ChildPath 'nowhere'
            { Set-MfaState -ObjectId $ana -State Disabled } | Should -Throw '*there is no such file*' -ErrorId 'MfaMigrate.CliNotFound*'
            { Set-MfaState -ObjectId $ana -State Disabled -ErrorAction SilentlyContinue } | Should -Throw '*there is no such file*'
        }

        It 'takes the command that is on PATH' {
            $folder = Join-Path -Path $TestDrive -ChildPath 'bin'
            New-Item -ItemType Directory -Path $folder -Force | Out-Null
            $name = 'mfa-migrate'
            if ($windows) { $name = 'mfa-migrate.cmd' }
            Copy-Item -LiteralPath $fakeCommand -Destination (Join-Path -Path $folder -ChildPath $name)
            $before = $env:PATH
            $env:MFA_MIGRATE_CLI = ''
            $env:PATH = $folder + [IO.Path]::PathSeparator + $before
            try {
                Set-MfaState -ObjectId $ana -State Disabled -WarningAction SilentlyContinue
            }
            finally {
                $env:PATH = $before
            }
            @(Get-Call).Count | Should -Be 1
        }
    }
}
