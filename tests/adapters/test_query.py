"""The part of LogQL that Responder understands itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.logs.query import BadQuery, parse_logql

SERVICE = {"component": "jwt-pizza-service", "level": "error"}


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ('{component="jwt-pizza-service"}', True),
        ('{ component = "jwt-pizza-service" , level="error" }', True),
        ('{component="jwt-pizza-service", level="info"}', False),
        ('{component="jwt-pizza"}', False),
        ('{component=~"jwt-.*"}', True),
        ('{component=~"jwt"}', False),
        ("{component=~`jwt-pizza-(service|web)`}", True),
        ('{component=~".+", level!="info"}', True),
        ('{component=~".+", level!~"err.*"}', False),
        ('{component=~".+", absent=""}', True),
        ('{component=~".+", absent!="x"}', True),
        ('{component=~".+", absent=~"x|"}', True),
        ('{absent!=""}', False),
        ('{component=~"(?i)JWT-PIZZA-SERVICE"}', True),
        ('{component=~"[[:alpha:]-]+"}', True),
        ("{component=~`[\\pL-]+\\z`}", True),
        ('{component="\\x6awt-pizza-service"}', True),
        ('{component="\\152wt\\u002dpizza\\U0000002dservice"}', True),
        ('# all errors\n{component="jwt-pizza-service"} # of ours', True),
    ],
)
def test_label_conditions_hold_as_in_loki(query: str, matches: bool) -> None:
    assert parse_logql(query).matches_labels(SERVICE) is matches


@pytest.mark.parametrize(
    ("filters", "matches"),
    [
        ('|= "statusCode"', True),
        ('|= "statuscode"', False),
        ('|= `"statusCode":500`', True),
        ('|= "\\"statusCode\\":500"', True),
        ('!= "statusCode"', False),
        ('|~ "statusCode.:5\\\\d\\\\d"', True),
        ("|~ `^500$`", False),
        ("!~ `:4..`", True),
        ('|= "POST" != "/api/support/" |= "500"', True),
        ('|= "POST" |= "200"', False),
        ('|= "absent" or "POST"', True),
        ('!= "absent" or "POST"', False),
        ('|~ "absent" or "PO.T"', True),
        ('|= ""', True),
        ("|~ `[*+]`", False),
    ],
)
def test_line_filters_hold_as_in_loki(filters: str, matches: bool) -> None:
    query = parse_logql(f'{{component="x"}} {filters}')

    assert query.rest == ""
    assert query.matches_line('{"method":"POST","statusCode":500}') is matches


@pytest.mark.parametrize(
    "rest",
    [
        "| json",
        '| json | statusCode >= 500 | __error__=""',
        '| level="error"',
        '|= ip("127.0.0.1")',
        '|> "<_>"',
    ],
)
def test_what_follows_the_line_filters_is_left_to_loki(rest: str) -> None:
    query = parse_logql(f'{{component="x"}} |= "a" {rest}')

    assert query.rest == rest
    assert len(query.filters) == 1


@pytest.mark.parametrize(
    ("query", "position", "remedy"),
    [
        ("", 1, "starts with a stream selector"),
        ('sum(count_over_time({a="b"}[5m]))', 1, "metric queries"),
        ("{}", 3, "name a label"),
        ('{level!="info"}', 2, "absent"),
        ('{level=~".*"}', 2, "absent"),
        ('{level=""}', 2, "absent"),
        ('{level!~"info"}', 2, "absent"),
        ('{a="b"', 7, "`,` or `}`"),
        ('{a="b",}', 8, "label name"),
        ('{a="b" c="d"}', 8, "`,` or `}`"),
        ("{a=b}", 4, "double quotes"),
        ("{a='b'}", 4, "double quotes"),
        ('{a=="b"}', 4, "double quotes"),
        ('{a "b"}', 4, "=, !=, =~ or !~"),
        ('{a="b}', 4, "double quotes"),
        ('{a="\\d"}', 4, "\\\\d"),
        ('{a="\\xff"}', 4, "UTF-8"),
        ('{a="b"} |= c', 12, "double quotes"),
        ('{a="b"}[5m]', 8, "[5m]"),
        ('{a="b"} and {c="d"}', 9, "stages"),
        ('{a=~"("}', 5, "backslash"),
        ('{a=~"(?=b)c"}', 5, "look-ahead"),
        ('{a=~"(?<!b)c"}', 5, "look-ahead"),
        ('{a=~"b++"}', 5, "possessive"),
        ("{a=~`(b)\\1`}", 5, "back reference"),
    ],
)
def test_a_query_that_cannot_be_used_is_refused_with_place_and_remedy(
    query: str, position: int, remedy: str
) -> None:
    with pytest.raises(BadQuery) as refused:
        parse_logql(query)

    assert remedy in str(refused.value)
    assert abs(refused.value.position - position) <= 1


@given(st.text(alphabet='{}ab=~!|"`\\,[]()?+*#5 \n') | st.text())
def test_any_text_is_understood_or_refused(query: str) -> None:
    for text in (query, f'{{a="b"}} {query}', f"{{a=~`{query}`}}"):
        position = 1
        try:
            parse_logql(text)
        except BadQuery as refused:
            position = refused.position
        assert 1 <= position <= len(text) + 1
