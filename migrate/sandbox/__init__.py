"""An emulator of the Microsoft Graph calls that this job needs. It shares no code with the rest of the package."""
