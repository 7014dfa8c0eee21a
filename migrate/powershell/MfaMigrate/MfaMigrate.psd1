@{
    RootModule           = 'MfaMigrate.psm1'
    ModuleVersion        = '0.1.0'
    GUID                 = '6f1d0a52-5f0e-4c47-9b7e-2d6b8b1f3c94'
    Author               = 'The mfa-migrate authors'
    CompanyName          = 'mfa-migrate'
    Copyright            = '(c) The mfa-migrate authors. MIT License.'
    Description          = 'Set-MfaState and what belongs to it: move a Microsoft Entra tenant from per-user MFA to Conditional Access. Drives the command mfa-migrate.'
    PowerShellVersion    = '5.1'
    CompatiblePSEditions = @('Desktop', 'Core')
    FunctionsToExport    = @(
        'Compare-MfaState',
        'Export-MfaState',
        'Get-MfaState',
        'Import-MfaState',
        'Invoke-MfaMigration',
        'Restore-MfaState',
        'Set-MfaState',
        'Test-MfaMigration'
    )
    CmdletsToExport      = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
    FormatsToProcess     = @('MfaMigrate.Format.ps1xml')
    PrivateData          = @{
        PSData = @{
            Tags         = @('MFA', 'Entra', 'AzureAD', 'ConditionalAccess', 'Migration', 'PSEdition_Core', 'PSEdition_Desktop', 'Windows', 'Linux', 'MacOS')
            LicenseUri   = 'https://opensource.org/license/mit'
            ReleaseNotes = 'See CHANGELOG.md of mfa-migrate.'
        }
    }
}
