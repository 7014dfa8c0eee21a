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
        $row = New-UserRow -Id $ana -Name 'ana@contoso.example' -Registration (
            '{"isMfaRegistered":true,"isMfaCapable":true,"methodsRegistered":["fido2","email"],"lastUpdatedDateTime":null}')
        Set-Answer -Verb 'status' -Stdout (New-Answer -List 'users' -Item $row)
        $users = @([pscustomobject] @{ ObjectId = $ana; UPN = 'ana@contoso.example' }, [pscustomobject] @{ UPN = 'bob@contoso.example' }) |
            Get-MfaState -Live
        $calls = @(Get-Call)
        $calls.Count | Should -Be 1
        $calls[0].arguments | Should -Be @('--output', 'ndjson', 'status', '--live', '--', $ana, 'bob@contoso.example')
        @($users).Count | Should -Be 1
        $users.PerUserMfaState | Should -Be 'enforced'
        $users.IsMfaRegistered | Should -Be $true
        $users.MethodsRegistered | Should -Be 'fido2; email'
    }

    It 'says for which moment a state is true, and when this tool last changed the user' {
        $change = '{"requested":"disabled","outcome":"confirmed","timeUtc":"2026-03-02T09:30:00Z"}'
        Set-Answer -Verb 'status' -Stdout (New-Answer -List 'users' -Item (New-UserRow -Id $ana -Name 'ana@contoso.example' -LastChange $change))
        $user = Get-MfaState 'ana@contoso.example'
        $user.AsOf | Should -BeOfType [datetime]
        $user.AsOf.Kind | Should -Be 'Local'
        $user.AsOf.ToUniversalTime().ToString('yyyy-MM-dd HH:mm', [Globalization.CultureInfo]::InvariantCulture) | Should -Be '2026-03-01 08:00'
        $user.LastChange.ToUniversalTime().ToString('yyyy-MM-dd HH:mm', [Globalization.CultureInfo]::InvariantCulture) | Should -Be '2026-03-02 09:30'
        $user.LastChangeTo | Should -Be 'disabled'
        $user.LastChangeOutcome | Should -Be 'confirmed'
    }

    It 'gets users of whom no registration is known: unknown is null, none is empty' {
        Set-Answer -Verb 'status' -Stdout (New-Answer -List 'users' -Item @(
                (New-UserRow -Id $ana -Name 'a@contoso.example')
                (New-UserRow -Id $bob -Name 'b@contoso.example' -Registration '{"isMfaRegistered":false,"isMfaCapable":false,"methodsRegistered":[],"lastUpdatedDateTime":null}')))
        $users = @('a@contoso.example', 'b@contoso.example' | Get-MfaState)
        $null -eq $users[0].IsMfaRegistered | Should -Be $true
        $null -eq $users[0].MethodsRegistered | Should -Be $true
        $null -eq $users[0].LastChange | Should -Be $true
        $null -eq $users[1].MethodsRegistered | Should -Be $false
        $users[1].MethodsRegistered | Should -Be ''
    }

    It 'writes one error for each user who does not exist, and returns the others' {
        $stdout = (New-Answer -List 'missing' -Item @(
                '{"name":"nobody@contoso.example","code":"NotFound","message":"There is no such user."}'
                '{"name":"no.one@contoso.example","code":"NotFound","message":"There is no such user."}')) -replace '(?s)\n?\{"type": "summary".*$', ''
        Set-Answer -Verb 'status' -ExitCode 1 -Stdout ($stdout + "`n" + (New-Answer -List 'users' -Item (New-UserRow -Id $ana -Name 'ana@contoso.example')))
        $errors = $null
        $users = @('nobody@contoso.example', 'ana@contoso.example', 'no.one@contoso.example' |
                Get-MfaState -ErrorAction SilentlyContinue -ErrorVariable errors)
        $users.Count | Should -Be 1
        $ours = @($errors | Where-Object { $_.FullyQualifiedErrorId -like 'MfaMigrate.NotFound*' })
        $ours.Count | Should -Be 2
        $ours[0].CategoryInfo.Category | Should -Be 'ObjectNotFound'
        $ours[0].TargetObject | Should -Be 'nobody@contoso.example'
    }

    It 'gets everybody, and not everybody beside somebody' {
        Set-Answer -Verb 'status' -Stdout (New-Answer -List 'users' -Item (New-UserRow -Id $ana -Name 'ana@contoso.example'))
        @(Get-MfaState -All).Count | Should -Be 1
        (Get-Call).arguments | Should -Be @('--output', 'ndjson', 'status', '--all')
        { 'ana@contoso.example' | Get-MfaState -All } | Should -Throw -ErrorId 'MfaMigrate.BadInput*'
        { @() | Get-MfaState -All } | Should -Throw -ErrorId 'MfaMigrate.BadInput*'
        { Get-MfaState 'ana@contoso.example' -All } | Should -Throw -ErrorId 'MfaMigrate.BadInput*'
        @(Get-Call).Count | Should -Be 1
    }

    It 'gets the users whose names are lines of a file, and none that are the text of an object' {
        Set-Answer -Verb 'status' -Stdout (New-Answer -List 'users')
        $list = Join-Path -Path $TestDrive -ChildPath 'names.txt'
        Set-Content -LiteralPath $list -Encoding ASCII -Value @('ana@contoso.example', $bob, '@{UserPrincipalName=eve@contoso.example}')
        $errors = $null
        Get-Content -LiteralPath $list | Get-MfaState -ErrorAction SilentlyContinue -ErrorVariable errors
        (Get-Call).arguments | Should -Be @('--output', 'ndjson', 'status', '--', 'ana@contoso.example', $bob)
        @($errors | Where-Object { $_.FullyQualifiedErrorId -like 'MfaMigrate.BadInput*' }).Count | Should -Be 1
    }

    It 'exports the tenant and returns its users, or writes them as CSV' {
        Write-Answer -Answers @{
            export = @{ stdout = (New-Answer) }
            status = @{ stdout = (New-Answer -List 'users' -Item (New-UserRow -Id $ana -Name 'ana@contoso.example' -Registration (
                            '{"isMfaRegistered":true,"isMfaCapable":true,"methodsRegistered":["fido2","email"],"lastUpdatedDateTime":null}'))) }
        }
        (Export-MfaState).UserPrincipalName | Should -Be 'ana@contoso.example'
        @(Get-Call | ForEach-Object { $_.arguments[2] }) | Should -Be @('export', 'status')
        $path = Join-Path -Path $TestDrive -ChildPath 'users.csv'
        Export-MfaState -Path $path -FromSnapshot | Should -BeNullOrEmpty
        @(Get-Call).Count | Should -Be 3
        $row = Import-Csv -LiteralPath $path
        $row.ObjectId | Should -Be $ana
        $row.MethodsRegistered | Should -Be 'fido2; email'
        @(Export-MfaState -Path $path -FromSnapshot -PassThru).Count | Should -Be 1
        { 'ana@contoso.example' | Export-MfaState } | Should -Throw -ErrorId 'MfaMigrate.BadInput*'
    }

    It 'writes no object of a collection into a CSV' {
        $rollback = '{"ending":"done","outcomes":{"confirmed":2},"policiesKept":["P stays","Q stays"],"sentence":null,"waitingFor":null,"waitingUntil":null,"planDigest":"d"}'
        Set-Answer -Verb 'rollback' -Stdout (New-Answer -List 'rehearsal' -Item '"~ a@contoso.example"', '"~ b@contoso.example"' -Document $rollback)
        $text = (Restore-MfaState -Force -WhatIf | ConvertTo-Csv -NoTypeInformation) -join "`n"
        $text | Should -Not -Match 'System\.|@\{'
        $text | Should -Match 'P stays; Q stays'
    }

    It 'has one id and one category for an ending, whichever function it ends: <Line>' -ForEach @(
        @{ Line = 'Set-MfaState -ObjectId $ana -State Disabled' }
        @{ Line = 'Get-MfaState -ObjectId $ana' }
        @{ Line = 'Get-MfaState -All -Live' }
        @{ Line = 'Export-MfaState' }
        @{ Line = 'Import-MfaState x.csv' }
        @{ Line = 'Compare-MfaState x.csv' }
        @{ Line = 'Invoke-MfaMigration -MaxUsers 5 -Force' }
        @{ Line = 'Invoke-MfaMigration -MaxUsers 5 -Continue -Force' }
        @{ Line = 'Restore-MfaState -Force' }
        @{ Line = 'Test-MfaMigration' }
    ) {
        $failure = @{ stdout = (New-Failure -Code 'FolderLocked' -ExitCode 5); stderr = "Signed in as x`nError: It is so.`n"; exitCode = 5 }
        Write-Answer -Answers @{
            'set-state' = $failure; status = $failure; export = $failure; convert = $failure; compare = $failure
            plan = $failure; apply = $failure; rollback = $failure; verify = $failure
        }
        foreach ($preference in @('Continue', 'SilentlyContinue', 'Stop')) {
            $caught = $null
            $ErrorActionPreference = $preference
            try {
                & ([scriptblock]::Create($Line)) | Out-Null
            }
            catch {
                $caught = $_
            }
            finally {
                $ErrorActionPreference = 'Stop'
            }
            $caught.FullyQualifiedErrorId | Should -BeLike 'MfaMigrate.FolderLocked,*'
            $caught.CategoryInfo.Category | Should -Be 'ResourceBusy'
            "$caught" | Should -Be 'It is so. Nothing was changed. Do this.'
        }
    }

    It 'fills -WarningVariable: <Line>' -ForEach @(
        @{ Line = 'Get-MfaState -ObjectId $ana' }
        @{ Line = 'Get-MfaState -All' }
        @{ Line = 'Compare-MfaState x.csv' }
        @{ Line = 'Invoke-MfaMigration -MaxUsers 5 -Continue -Force' }
        @{ Line = 'Restore-MfaState -Force' }
        @{ Line = 'Test-MfaMigration' }
    ) {
        $answer = @{ stdout = (New-Answer -Document $done); stderr = "Warning: half of the truth`n" }
        Write-Answer -Answers @{ status = $answer; compare = $answer; apply = $answer; rollback = $answer; verify = $answer }
        $heard = & ([scriptblock]::Create("$Line -WarningAction SilentlyContinue -WarningVariable said | Out-Null; `$said"))
        "$heard" | Should -Be 'half of the truth'
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
        $result.Confirmed | Should -Be 2
        $result.Failed | Should -Be 0
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
        $result.Rehearsal | Should -Be "~ a@contoso.example`n~ b@contoso.example"
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

    It 'migrates one wave' {
        Set-Answer -Verb 'apply' -Stdout (New-Answer -Document $done)
        Invoke-MfaMigration -MaxUsers 5 -Wave 2 -Continue -Force | Out-Null
        (Get-Call).arguments[2..6] | Should -Be @('apply', '--max-users', '5', '--wave', '2')
        { Invoke-MfaMigration -MaxUsers 5 -Wave $null -Continue -Force } | Should -Throw
    }

    It 'replaces a plan that is begun where it is told to' {
        Write-Answer -Answers @{
            plan  = @{ stdout = (New-Answer -Document '{"digest":"d","tenantName":"Contoso","tenantDomain":"contoso.example"}') }
            apply = @{ stdout = (New-Answer -Document $done) }
        }
        Invoke-MfaMigration -MaxUsers 5 -Supersede -Force | Out-Null
        @(Get-Call)[0].arguments | Should -Be @('--output', 'ndjson', 'plan', '--supersede')
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
