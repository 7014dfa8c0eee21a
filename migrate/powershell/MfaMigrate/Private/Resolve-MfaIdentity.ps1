function Resolve-MfaIdentity {
    # Returns who is meant by one object of a pipeline, or by one call: ObjectId, UserPrincipalName, and Target, which is
    # how an error names them. Problem is empty, or the sentence that says why nobody can be meant; Given is whether
    # there was anything to read at all. One reading for all functions.
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [AllowNull()]
        [object] $InputObject,

        [AllowNull()]
        [AllowEmptyString()]
        [string] $ObjectId,

        [AllowNull()]
        [AllowEmptyString()]
        [string] $UserPrincipalName
    )

    $id = "$ObjectId".Trim()
    $name = "$UserPrincipalName".Trim()
    if (-not $id -and -not $name -and $InputObject -is [string]) {
        # A line of a text file. It is read like UserId, which holds an id or a name.
        $id = "$InputObject".Trim()
    }
    # UserId is an alias of ObjectId and holds a name in some exports.
    if ($id.Contains('@') -and (-not $name -or $name -eq $id)) {
        $name = $id
        $id = ''
    }
    $target = $name
    if (-not $target) {
        $target = $id
    }
    $problem = ''
    $parsed = [guid]::Empty
    if (-not $target) {
        $problem = 'Neither ObjectId nor UserPrincipalName is given.'
        if ($null -ne $InputObject) {
            $target = $InputObject
        }
    }
    elseif ($id -and -not [guid]::TryParse($id, [ref] $parsed)) {
        $problem = "'$target' is neither an object id (a GUID) nor a user principal name."
    }
    elseif ($name.StartsWith('@{', [System.StringComparison]::Ordinal)) {
        $problem = "'$target' is the text of an object and no user. Pipe the objects themselves, as Import-Csv makes them."
    }
    elseif ($name -and ($name -match '[\s,;:="{}<>|]' -or -not $name.Contains('@'))) {
        $problem = "'$target' is no user principal name."
    }
    if ($id -and -not $problem) {
        $id = $parsed.ToString()
    }
    return @{
        ObjectId          = $id
        UserPrincipalName = $name
        Target            = $target
        Problem           = $problem
        Given             = [bool] ($id -or $name)
    }
}
