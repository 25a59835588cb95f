"""What each answer of the factory means (policy rule 10)."""

import json

import pytest

from responder.factory import decipher
from responder.incident.names import Outcome

RESOLVED = "Problem resolved. Pizza is back on the menu!"
NOTHING = "No chaos currently executing"
WRONG = "Problem unresolved"


@pytest.mark.parametrize(
    ("status", "answer", "outcome"),
    [
        (200, {"message": RESOLVED}, Outcome.RESOLVED),
        (200, {"message": NOTHING}, Outcome.NOTHING_TO_RESOLVE),
        (400, {"message": WRONG}, Outcome.WRONG_CODE),
        (400, {"message": "Unknown vendor"}, Outcome.NOTHING_TO_RESOLVE),
        (200, {"msg": "Chaos resolved"}, Outcome.RESOLVED),
        (500, {"msg": "Failed to resolve chaos"}, Outcome.REFUSED),
        (400, {"msg": "Missing required parameters"}, Outcome.REFUSED),
        # The words of one status say nothing under another.
        (500, {"message": RESOLVED}, Outcome.REFUSED),
        (400, {"message": NOTHING}, Outcome.REFUSED),
        (404, {"message": WRONG}, Outcome.REFUSED),
        (201, {"message": RESOLVED}, Outcome.UNKNOWN),
        (200, {"message": WRONG}, Outcome.UNKNOWN),
        # Every class of status.
        (101, {}, Outcome.REFUSED),
        (200, {}, Outcome.UNKNOWN),
        (200, {"message": "Welcome"}, Outcome.UNKNOWN),
        (202, {"message": "queued"}, Outcome.UNKNOWN),
        (301, {"message": "moved"}, Outcome.REFUSED),
        (304, {}, Outcome.REFUSED),
        (401, {"message": "invalid authentication"}, Outcome.REFUSED),
        (404, {"message": "unknown endpoint"}, Outcome.REFUSED),
        (429, {"message": "slow down"}, Outcome.REFUSED),
        (500, {"message": "database gone"}, Outcome.REFUSED),
        (503, {"message": "later"}, Outcome.REFUSED),
    ],
)
def test_an_answer_is_judged_by_its_status_and_words_together(
    status: int, answer: dict[str, str], outcome: Outcome
) -> None:
    assert decipher(status, json.dumps(answer).encode())[0] is outcome


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, b"", Outcome.UNKNOWN),
        (204, b"", Outcome.UNKNOWN),
        (200, b"<html>Welcome to the airport wifi</html>", Outcome.UNKNOWN),
        (502, b"<html>Bad gateway</html>", Outcome.REFUSED),
        (200, b"[1, 2]", Outcome.UNKNOWN),
        (200, b'{"message": 7}', Outcome.UNKNOWN),
        (200, b'{"message": {"message": "x"}}', Outcome.UNKNOWN),
        (200, b'{"message": "Problem resolved. Pi', Outcome.UNKNOWN),
        (200, b"\xff\xfe\x00", Outcome.UNKNOWN),
        (200, b"[" * 60_000, Outcome.UNKNOWN),
        (200, b"null", Outcome.UNKNOWN),
    ],
)
def test_an_answer_of_another_shape_is_judged_by_its_status(
    status: int, body: bytes, outcome: Outcome
) -> None:
    assert decipher(status, body)[0] is outcome


def test_the_message_is_the_factorys_own_words() -> None:
    assert decipher(500, b'{"message": "database gone"}')[1] == "database gone"


def test_an_answer_without_words_says_its_status() -> None:
    assert decipher(503, b"  \r\n ")[1] == "HTTP 503 without a message"


def test_a_message_is_folded_to_one_line_without_control_characters() -> None:
    body = json.dumps({"message": "a\r\nb\u2028c\x1b[31m\td\x00"}).encode()

    assert decipher(500, body)[1] == "a b c [31m d"
