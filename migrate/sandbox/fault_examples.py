"""One example for each thing that a fault can do; the documentation shows them and the contract tests run them."""

from migrate.sandbox.messages import Json

STATE_PATH = "users/*/authentication/requirements"

EXAMPLES: dict[str, tuple[str, Json]] = {
    "status": (
        "The third call for a page of users is answered 503, with a body of your own.",
        {
            "match": {"method": "GET", "path": "users", "nth": 3},
            "do": {
                "status": 503,
                "headers": {"Retry-After": "0.5"},
                "body": {"error": {"code": "Busy", "message": ""}},
            },
        },
    ),
    "code": (
        "Every second call is refused with a code and a message, at most twice.",
        {"match": {"path": "me", "every": 2, "times": 2}, "do": {"status": 403, "code": "Forbidden", "message": "No."}},
    ),
    "aadsts": (
        "The sign-in service refuses the first token with a code; `version: login` brings other faults there.",
        {"match": {"path": "*/oauth2/v2.0/token", "nth": 1}, "do": {"aadsts": 53003}},
    ),
    "html": (
        "A gateway answers instead, with a page.",
        {"match": {"path": "me"}, "do": {"html": "<h1>Bad gateway</h1>", "status": 502}},
    ),
    "applied": (
        "A write is carried out, and answered 429 all the same.",
        {
            "match": {"method": "PATCH", "path": STATE_PATH},
            "do": {"status": 429, "applied": True, "headers": {"Retry-After": "1"}},
        },
    ),
    "delay": ("One answer takes a second longer.", {"match": {"path": "me", "times": 1}, "do": {"delay": 1.0}}),
    "reset": (
        "The connection is cut after the change was committed; `before` cuts it instead of carrying the call out.",
        {"match": {"method": "PATCH", "path": STATE_PATH}, "do": {"reset": "after"}},
    ),
    "truncate": (
        "The body ends after 100 bytes, whatever its length says.",
        {"match": {"path": "users"}, "do": {"truncate": 100}},
    ),
    "splice": (
        "The JSON breaks off and an error follows, after a status of 200.",
        {"match": {"path": "users"}, "do": {"splice": True}},
    ),
    "drop": ("The batch answer lacks one item.", {"match": {"item": "1"}, "do": {"drop": True}}),
    "reorder": ("The batch answer comes in reversed order.", {"match": {"path": "$batch"}, "do": {"reorder": True}}),
    "expireToken": (
        "The token counts as expired from this call on; another one is accepted.",
        {"match": {"path": "me", "nth": 1}, "do": {"expireToken": True}},
    ),
    "claims": (
        "A claims challenge, once.",
        {"match": {"path": "me", "times": 1}, "do": {"claims": True}},
    ),
    "nextLink": (
        "The second page links to itself; `endless` gives another link each time, `expire` one that is refused.",
        {"match": {"path": "users", "nth": 2}, "do": {"nextLink": "loop"}},
    ),
    "duplicates": (
        "The next page begins with the last three users of this one.",
        {"match": {"path": "users", "nth": 1}, "do": {"duplicates": 3}},
    ),
    "emptyPages": (
        "Twenty-five pages without anybody come before the first.",
        {"match": {"path": "users"}, "do": {"emptyPages": 25}},
    ),
    "put": (
        "One member of the answer becomes null; `*` in a path stands for every element.",
        {"match": {"path": "groups/*/members"}, "do": {"put": {"value.0": None}}},
    ),
    "remove": (
        "The first user of a page has no user principal name.",
        {"match": {"path": "users"}, "do": {"remove": ["value.0.userPrincipalName"]}},
    ),
    "omit": ("Answers come without a Date header.", {"match": {"path": "me"}, "do": {"omit": ["Date"]}}),
    "padding": (
        "A megabyte of blanks comes before the body, which stays valid JSON.",
        {"match": {"path": "me"}, "do": {"padding": 1_000_000}},
    ),
    "gzip": (
        "The body unpacks to a hundred megabytes.",
        {"match": {"path": "me"}, "do": {"gzip": True, "padding": 100_000_000}},
    ),
    "depth": ("The JSON is nested 200,000 deep.", {"match": {"path": "me"}, "do": {"depth": 200_000}}),
    "stale": (
        "For twenty seconds after a write, reads show what was there before.",
        {"match": {"method": "PATCH", "path": STATE_PATH}, "do": {"stale": 20}},
    ),
    "change": (
        "Just before the first read, another administrator switches the user's state.",
        {
            "match": {"method": "GET", "path": STATE_PATH, "nth": 1},
            "do": {"change": {"user": "alma.berg@contoso.example", "state": "enabled"}},
        },
    ),
    "changeAfter": (
        "Right after the first read, another administrator takes a policy out of force.",
        {
            "match": {"method": "GET", "path": STATE_PATH, "nth": 1},
            "do": {"changeAfter": {"policy": "Require MFA for all users", "set": {"state": "disabled"}}},
        },
    ),
}
"""Examples by the member of `do` that they show."""
