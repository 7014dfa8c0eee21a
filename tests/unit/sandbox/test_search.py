"""$search: the words of Microsoft's page, agreement with a plain reading of AND and OR, and no crash on any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.sandbox.messages import GraphError
from migrate.sandbox.odata.search import parse_search, words_of

NAMES = frozenset({"displayName", "description", "mail"})
pieces = st.text('aBc12.-é"\\ 李', min_size=1, max_size=5).filter(str.strip)
things = st.fixed_dictionaries({name: st.none() | st.text('aBc12.-é"\\ 李', max_size=8) for name in sorted(NAMES)})
trees = st.recursive(
    st.tuples(st.sampled_from(sorted(NAMES)), pieces),
    lambda inner: st.tuples(st.sampled_from(["AND", "OR"]), inner, inner),
    max_leaves=8,
)


def clause(name: str, text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{name}:{escaped}"'


def found(text: str, **thing: object) -> bool:
    return parse_search(text, NAMES)(thing)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello world", ["hello", "world"]),
        ("HelloWorld", ["hello", "world"]),
        ("helloWORLD", ["hello", "world"]),
        ("HELLOworld", ["helloworld"]),
        ("HelloWORld", ["hello", "world"]),
        ("hello.world", ["hello", ".", "world"]),
        ("hello_world", ["hello", "_", "world"]),
        ("hello123world", ["hello", "123", "world"]),
        ("李四(David Li)", ["李四", "(", "david", "li", ")"]),
        ("蓝色group", ["蓝色group"]),
        ("", []),
    ],
)
def test_a_text_is_cut_into_words_as_the_page_says(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize("text", ["李四(David Li)", "李四", "David", "Li", "David)", "(李四", "Li 李"])
def test_the_words_of_a_search_are_found_in_any_order_and_case(text: str) -> None:
    assert found(clause("displayName", text), displayName="李四(David Li)")


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("tier", "First-Tier Support", True),
        ("tier", "Frontier", False),
        ("OneVideo", "Video for One", True),
        ("onevideo", "One Video", False),
        ("helloworld", "hello-world", True),
        ("helloworld", "hello.world", True),
        ("hello world", "hello.world", True),
        ("group", "蓝色group", False),
        ("group", "group蓝色", True),
        ("蓝", "group蓝色", False),
        ("world", None, False),
        ("world", 7, False),
    ],
)
def test_only_the_beginnings_of_words_are_found(text: str, value: object, expected: bool) -> None:
    for name in ("displayName", "description"):
        assert found(clause(name, text), **{name: value}) is expected


def test_other_properties_are_asked_how_they_start() -> None:
    assert found('"mail:onevideo"', mail="OneVideo@contoso.example")
    assert not found('"mail:contoso"', mail="OneVideo@contoso.example")
    assert not found('"mail:onevideo"', mail=None)


def test_names_are_found_in_any_case_and_quotes_and_backslashes_are_escaped() -> None:
    assert found(r'"MAIL:\"a\\b\""', mail=r'"A\b"')
    assert found('"displayName: a:b"', displayName="a:b")


def test_and_binds_more_than_or() -> None:
    text = '"mail:a" OR "mail:b" AND "mail:c"'
    assert found(text, mail="a")
    assert not found(f'({text[:20]}) AND "mail:c"', mail="a")


@given(trees, things)
def test_a_search_means_what_it_says(tree: tuple, thing: dict) -> None:
    def written(each: tuple) -> str:
        return f"({written(each[1])} {each[0]} {written(each[2])})" if len(each) == 3 else clause(*each)

    def holds(each: tuple) -> bool:
        match each:
            case ("AND", left, right):
                return holds(left) and holds(right)
            case ("OR", left, right):
                return holds(left) or holds(right)
        name, text = each
        value = thing[name] or ""
        if name == "mail":
            return value.casefold().startswith(text.strip().casefold())
        cut = words_of(value)
        runs = ["".join(each for each in words_of(part) if each not in '.-"\\') for part in value.split()]
        return all(any(word.startswith(wanted) for word in cut + runs) for wanted in words_of(text))

    assert parse_search(written(tree), NAMES)(thing) is holds(tree)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "displayName:a",
        '"a"',
        '"displayName:"',
        '"displayName: "',
        '":a"',
        '"shoeSize:a"',
        '"displayName:a',
        '"displayName:a" and "displayName:b"',
        '"displayName:a" "displayName:b"',
        '"displayName:a" AND',
        'OR "displayName:a"',
        'NOT "displayName:a"',
        '("displayName:a"',
        '"displayName:a")',
        r'"displayName:\a"',
        r'"displayName:a\"',
    ],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(GraphError) as refused:
        parse_search(text, NAMES)
    assert refused.value.status == 400


@given(
    st.text(max_size=40)
    | st.lists(st.sampled_from(['"mail:a"', '"', "AND", "OR", "(", ")", "\\", "displayName:", "x"])).map(" ".join)
)
def test_any_text_is_a_search_or_a_refusal(text: str) -> None:
    try:
        went_wrong = parse_search(text, NAMES)({"mail": "a", "displayName": "b"}) not in (True, False)
    except GraphError as error:
        went_wrong = error.status != 400
    assert not went_wrong
