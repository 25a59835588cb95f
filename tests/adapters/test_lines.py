"""Lines: digests, and which of their links may be used (policy rule 8)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responder.incident.evidence import LinkPlace, ReportLink
from responder.logs.lines import LineReader

HOST = "pizza-factory.cs329.click"
TOKEN = "0123456789abcdef0123456789abcdef"
URL = f"https://{HOST}/api/support/{TOKEN}/report/k3x9q2ab"
LINK = ReportLink(token=TOKEN, code="k3x9q2ab")
READER = LineReader(HOST, None)


def http_line(**fields: object) -> str:
    return json.dumps({"method": "POST", "path": "/", "statusCode": 500, **fields})


def places(text: str, reader: LineReader = READER) -> list[LinkPlace]:
    return [found.place for found in reader.read(1, text).links]


ANSWER = {"message": "Failed to fulfill order at factory", "followLinkToEndChaos": URL}


@pytest.mark.parametrize(
    "text",
    [
        http_line(resBody=json.dumps(ANSWER)),
        http_line(resBody=json.dumps(json.dumps(ANSWER))),
        json.dumps(json.dumps(http_line(resBody=json.dumps(json.dumps(ANSWER))))),
        json.dumps({"responseBody": {"message": "chaos monkey", "reportUrl": URL}}),
        json.dumps({"factoryRes": json.dumps({"reportUrl": URL})}),
        json.dumps({"factoryResponse": {"body": {"reportUrl": URL}}}),
        json.dumps({"factory_response": {"jwt": "dead", "reportUrl": URL}}),
        json.dumps({"res": {"data": {"reportSlowPizzaToFactoryUrl": URL}}}),
        json.dumps({"event": "order", "reportUrl": URL}),
        json.dumps({"followLinkToEndChaos": URL}),
        json.dumps({"log": {"response": {"reportUrl": URL}}}),
    ],
)
def test_a_link_in_a_response_is_found_at_any_escaping(text: str) -> None:
    (found,) = READER.read(1, text).links

    assert found.link == LINK
    assert found.place is LinkPlace.RESPONSE


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (http_line(resBody=json.dumps(ANSWER)), True),
        (json.dumps({"res": {"data": {"reportSlowPizzaToFactoryUrl": URL}}}), True),
        (json.dumps({"factoryRes": json.dumps({"reportUrl": URL})}), False),
        (http_line(resBody=json.dumps({"followLinkToEndChaos": "masked"})), False),
        (http_line(resBody=json.dumps({"jwt": "ey"})), False),
    ],
)
def test_the_services_answer_to_a_customer_is_told_from_the_factorys(
    text: str, answer: bool
) -> None:
    assert READER.read(1, text).to_customer is answer


@pytest.mark.parametrize(
    "field",
    [
        "reqBody",
        "requestBody",
        "request",
        "req",
        "factoryReq",
        "reqHeaders",
        "path",
        "params",
        "sql",
        "query",
        "sqlQuery",
        "userName",
    ],
)
@pytest.mark.parametrize(
    "planted",
    [URL, json.dumps({"followLinkToEndChaos": URL}), {"response": {"reportUrl": URL}}],
)
def test_a_link_only_in_a_request_is_dropped(field: str, planted: object) -> None:
    assert places(json.dumps({field: planted})) == []


def test_what_an_answer_echoes_of_an_order_is_dropped() -> None:
    order = {"items": [{"description": URL, "followLinkToEndChaos": URL}]}

    assert places(http_line(resBody=json.dumps({"order": order, "jwt": "x"}))) == []


def test_a_link_in_request_and_response_counts_as_the_response_s() -> None:
    text = http_line(reqBody=json.dumps({"a": URL}), resBody=json.dumps(ANSWER))

    assert places(text) == [LinkPlace.RESPONSE]


@pytest.mark.parametrize(
    "text",
    [
        URL,
        f"order failed, see {URL}\\n",
        f'{{"resBody":"{{\\"reportUrl\\":\\"{URL}\\"',
        json.dumps(f"see {URL}"),
        json.dumps([URL]),
        json.dumps({"message": f"see {URL} please"}),
        json.dumps({"data": {"reportUrl": URL}}),
    ],
)
def test_a_link_whose_field_cannot_be_told_is_of_unknown_place(text: str) -> None:
    assert places(text) == [LinkPlace.UNKNOWN]


def test_each_link_of_a_line_is_named_once() -> None:
    other = URL.replace("k3x9q2ab", "zz9")
    answer = {"reportUrl": URL, "followLinkToEndChaos": URL, "other": other}

    assert len(READER.read(1, http_line(resBody=json.dumps(answer))).links) == 2


@pytest.mark.parametrize(
    "url",
    [
        URL.replace("https", "http"),
        URL.replace(HOST, f"evil.{HOST}"),
        URL.replace(HOST, f"{HOST}.evil.example"),
        URL.replace(HOST, f"{HOST}."),
        URL.replace(HOST, f"{HOST}:8443"),
        URL.replace(HOST, f"{HOST}@evil.example"),
        URL.replace(HOST, f"evil.example@{HOST}"),
        URL.replace(HOST, f"evil.example/{HOST}"),
        URL.replace(TOKEN, "*****"),
        URL + "/more",
        URL + "?x=1",
        URL + "%2e",
        URL + "TOOLONG",
        URL.replace("k3x9q2ab", "abcdefghijkl"),
    ],
)
def test_a_link_that_is_not_the_factory_s_own_form_is_ignored(url: str) -> None:
    assert places(json.dumps({"resBody": json.dumps({"reportUrl": url})})) == []


def test_the_case_of_the_host_does_not_matter() -> None:
    assert places(URL.replace(HOST, HOST.upper())) == [LinkPlace.UNKNOWN]


def test_with_an_api_key_only_links_with_that_token_count() -> None:
    foreign = URL.replace(TOKEN, "f" * 32)

    assert places(f"{foreign} {URL}", LineReader(HOST, TOKEN)) == [LinkPlace.UNKNOWN]
    assert places(foreign, LineReader(HOST, TOKEN)) == []


@pytest.mark.parametrize(
    ("field", "tokens", "foreign"),
    [
        ("resBody", ["f" * 32], True),
        ("resBody", ["f" * 32, TOKEN], False),
        ("resBody", [TOKEN], False),
        ("resBody", [], False),
        ("reqBody", ["f" * 32], False),
    ],
    ids=["another", "both", "ours", "none", "planted"],
)
def test_a_line_whose_links_all_carry_another_key_is_told_apart(
    field: str, tokens: list[str], foreign: bool
) -> None:
    told = {f"u{n}": URL.replace(TOKEN, token) for n, token in enumerate(tokens)}
    text = json.dumps({field: json.dumps(told)})

    found = LineReader(HOST, TOKEN).read(1, text)

    assert found.foreign is foreign
    assert "f" * 32 not in repr(found)


def test_lines_with_the_same_text_have_the_same_digest() -> None:
    first, second = READER.read(1, "text"), READER.read(2, "text")

    assert first.digest == second.digest
    assert len(first.digest) == 16
    assert first.key != second.key


def test_neither_line_nor_reader_shows_a_link() -> None:
    reader = LineReader(HOST, TOKEN)
    shown = repr(reader) + repr(reader.read(1, http_line(resBody=json.dumps(ANSWER))))

    assert TOKEN not in shown
    assert "k3x9q2ab" not in shown


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"support":['])
def test_hostile_nesting_is_survived_and_not_believed(opening: str) -> None:
    assert places(opening * 100_000 + URL) in ([], [LinkPlace.UNKNOWN])
    assert places("[" * 900 + json.dumps(URL) + "]" * 900) == []


def test_a_number_of_many_digits_does_not_hide_where_a_link_is() -> None:
    assert places(f'{{"reqBody": "{URL}", "n": {"9" * 6000}}}') == []


texts = st.one_of(
    st.text(),
    st.sampled_from([URL, "support", json.dumps(ANSWER), '{"a":', '"\\ud800']),
)
documents = st.recursive(
    texts | st.floats() | st.none() | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["resBody", "reqBody", "x", "reportUrl"]), inner
        )
        | inner.map(lambda value: json.dumps(value, default=str))
    ),
    max_leaves=8,
)


@given(documents.map(json.dumps) | texts)
def test_no_line_whatever_makes_reading_fail(text: str) -> None:
    for found in READER.read(1, text + " support").links + READER.read(1, text).links:
        assert found.link == LINK


@given(st.sampled_from(["reqBody", "request", "sql"]), documents)
def test_nothing_within_a_request_field_is_ever_used(
    field: str, planted: object
) -> None:
    assert places(json.dumps({"statusCode": 500, field: planted})) == []
