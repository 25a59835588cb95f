"""From where a request comes, behind proxies and in front of liars."""

from ipaddress import ip_network

import pytest

from responder.web.auth import UNKNOWN, client_of

TRUSTED = (ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def client(peer: str = "127.0.0.1", **headers: str) -> str:
    given = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return client_of(peer, given, TRUSTED)


def test_a_stranger_is_not_believed() -> None:
    told = client(
        "198.51.100.7", X_Forwarded_For="203.0.113.9", Forwarded="for=1.1.1.1"
    )

    assert told == "198.51.100.7"


def test_a_trusted_proxy_without_a_word_is_itself_the_client() -> None:
    assert client(Accept="*/*") == "127.0.0.1"


@pytest.mark.parametrize(
    ("hops", "expected"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("1.1.1.1, 203.0.113.9, 10.0.0.5", "203.0.113.9"),
        ("203.0.113.9,10.0.0.5,10.0.0.6", "203.0.113.9"),
        ("10.9.9.9, 10.0.0.5", "10.9.9.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, unknown", UNKNOWN),
        ("127.0.0.1, evil", UNKNOWN),
        ("", UNKNOWN),
        (", ".join(["1.1.1.1"] * 500 + ["203.0.113.9"]), "203.0.113.9"),
    ],
)
def test_the_last_hop_that_is_no_trusted_proxy_is_the_client(
    hops: str, expected: str
) -> None:
    assert client(X_Forwarded_For=hops) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("for=203.0.113.9", "203.0.113.9"),
        ("For=203.0.113.9;proto=https;by=10.0.0.5", "203.0.113.9"),
        ("for=1.1.1.1, for=203.0.113.9 ; host=x", "203.0.113.9"),
        ('for="[2001:db8::7]:4711"', "2001:db8::7"),
        ('for=203.0.113.9, for="[fd00::1]"', "203.0.113.9"),
        ('for=203.0.113.9;host="evil,for=127.0.0.1"', "203.0.113.9"),
        ('for="unended, for=203.0.113.9', UNKNOWN),
        ("for=_hidden", UNKNOWN),
        ("proto=https", UNKNOWN),
        ("for=127.0.0.1, proto=https", UNKNOWN),
        ("127.0.0.1", UNKNOWN),
        ("for=1.1.1.1" + " " * 100_000 + "x", UNKNOWN),
    ],
)
def test_forwarded_is_read_as_its_standard_says(text: str, expected: str) -> None:
    assert client(Forwarded=text) == expected


def test_a_header_that_the_proxy_only_passes_on_is_not_believed() -> None:
    both = {"X_Forwarded_For": "203.0.113.9", "Forwarded": "for=127.0.0.1"}

    assert client(**both) == UNKNOWN
    assert client(**{**both, "Forwarded": "for=203.0.113.9"}) == "203.0.113.9"


def test_a_proxy_that_says_only_that_it_is_one_hides_its_client() -> None:
    assert client(Via="1.1 nginx") == UNKNOWN
