"""The files that people and PowerShell hand us and take away."""
