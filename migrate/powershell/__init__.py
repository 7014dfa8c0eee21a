"""The PowerShell module MfaMigrate, shipped as package data, and where PowerShell looks for modules."""
