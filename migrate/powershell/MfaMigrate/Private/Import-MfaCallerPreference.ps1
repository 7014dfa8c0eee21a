function Import-MfaCallerPreference {
    # Gives the calling function the preferences of the script that called it, as a cmdlet has them. The functions of a
    # module see the global ones only: in a script that was started with -WhatIf they would run the write.
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)]
        [System.Management.Automation.PSCmdlet] $Cmdlet
    )

    $preferences = @{
        WhatIf         = 'WhatIfPreference'
        Confirm        = 'ConfirmPreference'
        ErrorAction    = 'ErrorActionPreference'
        WarningAction  = 'WarningPreference'
        ProgressAction = 'ProgressPreference'
        Verbose        = 'VerbosePreference'
        Debug          = 'DebugPreference'
    }
    foreach ($parameter in $preferences.Keys) {
        $value = $Cmdlet.GetVariableValue($preferences[$parameter])
        # Windows PowerShell refuses Ignore as the value of a preference variable.
        if ("$value" -eq 'Ignore') {
            $value = 'SilentlyContinue'
        }
        if ($null -ne $value -and -not $Cmdlet.MyInvocation.BoundParameters.ContainsKey($parameter)) {
            Set-Variable -Scope 1 -Name $preferences[$parameter] -Value $value -WhatIf:$false -Confirm:$false
        }
    }
}
