"""A rule on trial: what it does in cassettes when it acts as if it were automatic."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The last cassettes that a rule was tried on; each is known by its name.

    `reported`: as expected, and the rule made a call that the cassette expects;
    `not_reported`: as expected, and the rule made none; `config`: the hash of the
    configuration that was tried.
    """

    rule: str
    config: str
    reported: tuple[str, ...] = ()
    not_reported: tuple[str, ...] = ()
    not_as_expected: tuple[str, ...] = ()
    by: str
    at: datetime

    @property
    def total(self) -> int:
        return sum(map(len, (self.reported, self.not_reported, self.not_as_expected)))


class Trials(Protocol):
    """Where the last trial of each rule is kept. Both raise `StorageUnavailable`."""

    def save(self, trial: Trial) -> None:
        """Keep it in place of the rule's last."""

    def last(self, rule: str) -> Trial | None: ...
