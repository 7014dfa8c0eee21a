function ConvertTo-MfaDate {
    # Returns a moment of an answer as a local date, which is what Get-Date compares with; nothing for nothing.
    # PowerShell 7 has made a date of it already, Windows PowerShell has not.
    [CmdletBinding()]
    [OutputType([datetime])]
    param(
        [AllowNull()]
        [object] $Moment
    )

    if ($Moment -is [datetime]) {
        return $Moment.ToLocalTime()
    }
    if ("$Moment") {
        $parsed = [datetime]::Parse(
            "$Moment",
            [System.Globalization.CultureInfo]::InvariantCulture,
            [System.Globalization.DateTimeStyles]::RoundtripKind)
        return $parsed.ToLocalTime()
    }
}
