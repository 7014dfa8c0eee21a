# What cannot be asked is not done, and what cannot be bound is refused. Pester 5, with the fake command; each question is
# put where nobody can answer: in a runspace without a host, and in a process with -NonInteractive and a closed stdin.

Describe 'where nobody can be asked' {
    BeforeDiscovery {
        $doors = @(
            @{ Line = 'Invoke-MfaMigration -MaxUsers 5' }
            @{ Line = 'Invoke-MfaMigration -MaxUsers 5 -ErrorAction SilentlyContinue' }
            @{ Line = 'Invoke-MfaMigration -MaxUsers 5 -Continue -ErrorAction SilentlyContinue' }
            @{ Line = 'Invoke-MfaMigration -MaxUsers 5 -Continue -ErrorAction Ignore' }
            @{ Line = 'Restore-MfaState' }
            @{ Line = 'Restore-MfaState -ErrorAction SilentlyContinue' }
            @{ Line = '"ana@contoso.example" | Restore-MfaState -ErrorAction SilentlyContinue' }
            @{ Line = 'Set-MfaState -UserPrincipalName ana@contoso.example -State Disabled -Confirm' }
            @{ Line = 'Set-MfaState -UserPrincipalName ana@contoso.example -State Disabled -Confirm -ErrorAction SilentlyContinue' }
            @{ Line = '$ConfirmPreference = "Low"; Set-MfaState -UserPrincipalName ana@contoso.example -State Disabled -ErrorAction SilentlyContinue' }
        )
    }

    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'setup.ps1')
        $manifest = (Get-Module -Name MfaMigrate).Path -replace '\.psm1$', '.psd1'
        $engine = (Get-Process -Id $PID).Path

        function Write-PlanAnswer {
            Write-Answer -Answers @{
                plan          = @{ stdout = (New-Answer -Document '{"digest":"d","tenantName":"Contoso","tenantDomain":"contoso.example"}') }
                apply         = @{ stdout = (New-Answer -Document '{"ending":"done"}') }
                rollback      = @{ stdout = (New-Answer -Document '{"ending":"done"}') }
                'set-state'   = @{ stdout = (New-Answer -Document '{}') }
            }
        }

        function Get-Write {
            # The calls that write.
            @(Get-Call | Where-Object { $_.arguments -contains '--yes' })
        }

        function Invoke-WithoutHost {
            param([string] $Line)
            $shell = [powershell]::Create()
            try {
                [void] $shell.AddScript("Import-Module -Name '$manifest'; $Line; 'went on'")
                try {
                    $shell.Invoke() | Out-Null
                }
                catch {
                    Write-Verbose -Message "$_"
                }
            }
            finally {
                $shell.Dispose()
            }
        }

        function Invoke-WithoutStdin {
            param([string] $Line)
            $path = Join-Path -Path $TestDrive -ChildPath 'door.ps1'
            Set-Content -LiteralPath $path -Encoding ASCII -Value @("Import-Module -Name '$manifest'", $Line)
            $start = New-Object -TypeName System.Diagnostics.ProcessStartInfo
            $start.FileName = $engine
            $start.Arguments = "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File `"$path`""
            $start.UseShellExecute = $false
            $start.RedirectStandardInput = $true
            $start.RedirectStandardOutput = $true
            $process = [System.Diagnostics.Process]::Start($start)
            $process.StandardInput.Close()
            $process.StandardOutput.ReadToEnd() | Out-Null
            $process.WaitForExit()
        }
    }

    BeforeEach {
        Clear-Call
        Write-PlanAnswer
    }

    AfterAll {
        Remove-Everything
    }

    It 'writes nothing in a runspace without a host: <Line>' -ForEach $doors {
        Invoke-WithoutHost -Line $Line
        (Get-Write).Count | Should -Be 0
    }

    It 'writes nothing with -NonInteractive and a closed stdin: <Line>' -ForEach $doors {
        Invoke-WithoutStdin -Line $Line
        (Get-Write).Count | Should -Be 0
    }

    It 'writes there when it need not ask, so the tests above mean something' {
        Invoke-WithoutHost -Line 'Restore-MfaState -Force'
        Invoke-WithoutStdin -Line 'Restore-MfaState -Force'
        Invoke-WithoutHost -Line 'Set-MfaState -UserPrincipalName ana@contoso.example -State Disabled'
        (Get-Write).Count | Should -Be 3
    }

    It 'takes nobody from the pipeline into a migration' {
        $rows = @([pscustomobject] @{ ObjectId = $ana }, [pscustomobject] @{ ObjectId = $bob })
        { $rows | Invoke-MfaMigration -MaxUsers 5 -Force } | Should -Throw -ErrorId 'MfaMigrate.BadInput*'
        { @() | Invoke-MfaMigration -MaxUsers 5 -Force } | Should -Throw -ErrorId 'MfaMigrate.BadInput*'
        { $rows | Invoke-MfaMigration -MaxUsers 5 -Force -ErrorAction SilentlyContinue } | Should -Throw
        { $rows | Test-MfaMigration } | Should -Throw -ErrorId 'MfaMigrate.BadInput*'
        Get-Call | Should -BeNullOrEmpty
    }

    It 'puts back the users of the pipeline and nobody else' {
        @([pscustomobject] @{ ObjectId = $ana; PreviousState = 'enforced' }, [pscustomobject] @{ UPN = 'bob@contoso.example' }) |
            Restore-MfaState -Force | Out-Null
        (Get-Call).arguments[2..5] | Should -Be @('rollback', '--users', "$ana,bob@contoso.example", '--yes')
    }

    It 'puts back the users whose names are piped as text' {
        'ana@contoso.example', $bob | Restore-MfaState -Force | Out-Null
        (Get-Call).arguments[4] | Should -Be "ana@contoso.example,$bob"
    }

    It 'puts back the rows of a file beside the file' {
        [pscustomobject] @{ ObjectId = $ana } | Restore-MfaState 'rollback.csv' -Force | Out-Null
        $call = Get-Call
        $call.arguments[2..3] | Should -Be @('rollback', '--file')
        $call.arguments[5..6] | Should -Be @('--users', $ana)
    }

    It 'takes a file object for a file, and not two of them' {
        foreach ($name in @('one.csv', 'two.csv')) {
            Set-Content -LiteralPath (Join-Path -Path $TestDrive -ChildPath $name) -Value 'x'
        }
        Get-Item -LiteralPath (Join-Path -Path $TestDrive -ChildPath 'one.csv') | Restore-MfaState -Force | Out-Null
        Split-Path -Leaf -Path (Get-Call).arguments[4] | Should -Be 'one.csv'
        { Get-Item -Path (Join-Path -Path $TestDrive -ChildPath '*.csv') | Restore-MfaState -Force } |
            Should -Throw -ErrorId 'MfaMigrate.BadInput*'
        @(Get-Call).Count | Should -Be 1
    }

    It 'puts nobody back where the pipeline brings nobody: <Name>' -ForEach @(
        @{ Name = 'nothing'; Piped = @() }
        @{ Name = 'null'; Piped = @($null) }
        @{ Name = 'an object without identity'; Piped = @([pscustomobject] @{ DisplayName = 'Ana' }) }
        @{ Name = 'an empty identity'; Piped = @([pscustomobject] @{ ObjectId = ''; UserPrincipalName = '' }) }
        @{ Name = 'a hashtable'; Piped = @(@{ UPN = 'ana@contoso.example' }) }
        @{ Name = 'the text of an object'; Piped = @('@{UserPrincipalName=ana@contoso.example}') }
        @{ Name = 'a number'; Piped = @(5) }
        @{ Name = 'a line of a table'; Piped = @('ana@contoso.example,Ana') }
    ) {
        foreach ($preference in @('SilentlyContinue', 'Ignore')) {
            $Piped | Restore-MfaState -Force -ErrorAction $preference | Out-Null
            $Piped | Restore-MfaState 'rollback.csv' -Force -ErrorAction $preference | Out-Null
        }
        Get-Call | Should -BeNullOrEmpty
    }

    It 'puts nobody back when a named variable is empty' {
        $nothing = $null
        Restore-MfaState -UserPrincipalName $nothing -Force -ErrorAction SilentlyContinue | Out-Null
        Restore-MfaState -ObjectId '' -Force -ErrorAction SilentlyContinue | Out-Null
        Restore-MfaState -InputObject $nothing -Force -ErrorAction SilentlyContinue | Out-Null
        Get-Call | Should -BeNullOrEmpty
    }

    It 'takes no line of Get-Content for the file that it comes from' {
        $list = Join-Path -Path $TestDrive -ChildPath 'list.txt'
        Set-Content -LiteralPath $list -Value @('', 'no user')
        Get-Content -LiteralPath $list | Restore-MfaState -Force -ErrorAction SilentlyContinue | Out-Null
        Get-Call | Should -BeNullOrEmpty
        Set-Content -LiteralPath $list -Value @('ana@contoso.example', '')
        Get-Content -LiteralPath $list | Restore-MfaState -Force -ErrorAction SilentlyContinue | Out-Null
        (Get-Call).arguments[2..4] | Should -Be @('rollback', '--users', 'ana@contoso.example')
    }
}
