"""The places on the way of an alert at which a process can be made to die."""

from enum import StrEnum


class CrashPoint(StrEnum):
    """Where SIGKILL strikes, in the order in which an alert passes them."""

    AFTER_BODY_READ = "after-body-read"
    AFTER_COMMIT = "after-commit"
    AFTER_202 = "after-202"
    AFTER_LOG_QUERY = "after-log-query"
    AFTER_INTENT = "after-intent"
    AFTER_ANSWER = "after-answer"
    AFTER_VERIFICATION = "after-verification"
