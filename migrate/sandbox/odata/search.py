"""$search on directory objects: a text becomes a test of one object.

Written from Graph's page on the $search query parameter. True search is for displayName and description: text and
value are both cut into words, and every word of the text has to begin a word of the value. Any other property is asked
whether it starts with the text.
"""

import re
from collections.abc import Iterator

from migrate.sandbox.messages import GraphError, Json, bad_request
from migrate.sandbox.odata.filter import Test, both, either, tokens

_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\["\\])*"|AND\b|OR\b|[()])')
_ESCAPED = re.compile(r'\\(["\\])')
_CLAUSE = re.compile(r"\s*(\w+)\s*:(.*)", re.DOTALL)
_PIECE = re.compile(r"\d+|[^\W\d_]+|[^\w\s]|_")
_IN_WORDS = frozenset({"displayname", "description"})


def parse_search(text: str, searchable: frozenset[str]) -> Test:
    """Parse clauses of the form "property:text", joined by AND, OR and parentheses.

    Raises 400 for nonsense and for properties that cannot be searched.
    """
    reader = _Reader(text, searchable)
    test = reader.disjunction()
    if reader.rest:
        raise _syntax(text)
    return test


def words_of(text: str) -> list[str]:
    """Cut a text into words: at spaces and digits, and where a lower-case letter meets an upper-case one.

    A symbol is a word of its own. A change of alphabet begins no word.
    """
    return [word.casefold() for piece in _PIECE.findall(text) for word in _cased(piece)]


def _cased(piece: str) -> Iterator[str]:
    start = 0
    for at in range(1, len(piece)):
        if piece[at - 1].islower() and piece[at].isupper():
            yield piece[start:at]
            start = at
    yield piece[start:]


def _joined(text: str) -> Iterator[str]:
    """Yield what stands between spaces without its symbols: helloworld finds hello-world."""
    for part in text.split():
        yield "".join(word for word in words_of(part) if word[0].isalnum())


def _syntax(text: str) -> GraphError:
    return bad_request(f"Syntax error in the search '{text}'.")


class _Reader:
    """Read a search by recursive descent, one method for each level of binding."""

    def __init__(self, text: str, searchable: frozenset[str]) -> None:
        self._text = text
        self._searchable = {each.lower(): each for each in searchable}
        self.rest = [token[1] for token in tokens(_TOKEN, text, _syntax(text))][::-1]

    def _takes(self, token: str) -> bool:
        if not self.rest or self.rest[-1] != token:
            return False
        self.rest.pop()
        return True

    def disjunction(self) -> Test:
        test = self._conjunction()
        while self._takes("OR"):
            test = either(test, self._conjunction())
        return test

    def _conjunction(self) -> Test:
        test = self._clause()
        while self._takes("AND"):
            test = both(test, self._clause())
        return test

    def _clause(self) -> Test:
        if self._takes("("):
            test = self.disjunction()
            if not self._takes(")"):
                raise _syntax(self._text)
            return test
        if not self.rest or not self.rest[-1].startswith('"'):
            raise _syntax(self._text)
        match = _CLAUSE.fullmatch(_ESCAPED.sub(r"\1", self.rest.pop()[1:-1]))
        if match is None or not match[2].strip():
            raise _syntax(self._text)
        name = self._searchable.get(match[1].lower())
        if name is None:
            raise bad_request(f"The property '{match[1]}' cannot be searched.", "Request_UnsupportedQuery")
        return _has_words(name, match[2]) if name.lower() in _IN_WORDS else _starts(name, match[2].strip())


def _has_words(name: str, text: str) -> Test:
    # That symbols in the text have to be found too is the page's rule taken by the letter, and unconfirmed.
    wanted = words_of(text)

    def holds(thing: Json) -> bool:
        value = thing.get(name)
        if not isinstance(value, str):
            return False
        found = [*words_of(value), *_joined(value)]
        return all(any(word.startswith(part) for word in found) for part in wanted)

    return holds


def _starts(name: str, text: str) -> Test:
    start = text.casefold()
    return lambda thing: str(thing.get(name) or "").casefold().startswith(start)
