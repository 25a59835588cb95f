"""The closed sets of names that log lines, metrics, pages and the API share."""

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where an incident stands. The last four are ends."""

    INVESTIGATING = "investigating"
    HOLDING = "holding"
    REPORTING = "reporting"
    VERIFYING = "verifying"
    NEEDS_HUMAN = "needs_human"
    RECOVERED = "recovered"
    STOOD_DOWN = "stood_down"
    CLOSED = "closed"
    SUPERSEDED = "superseded"

    @property
    def ended(self) -> bool:
        return self in _ENDS


_ENDS = frozenset({State.RECOVERED, State.STOOD_DOWN, State.CLOSED, State.SUPERSEDED})


class Reason(StrEnum):
    """Why an incident is in its state. One plain sentence for each is in `words`."""

    # investigating
    ALERT_RECEIVED = "alert_received"
    RELAPSE = "relapse"
    SELF_DETECTED = "self_detected"
    OPENED_BY_PERSON = "opened_by_person"
    # holding
    BELOW_THRESHOLD = "below_threshold"
    LOGS_UNREADABLE = "logs_unreadable"
    NO_LINK = "no_link"
    WRONG_CODE = "wrong_code"
    REPORT_IN_FLIGHT = "report_in_flight"
    COOLDOWN = "cooldown"
    BREAKER_OPEN = "breaker_open"
    PAUSED = "paused"
    VETO_WINDOW = "veto_window"
    VETOED = "vetoed"
    SILENCED = "silenced"
    FACTORY_REFUSED = "factory_refused"
    FACTORY_UNREACHABLE = "factory_unreachable"
    UNANSWERED = "unanswered"
    # reporting
    THRESHOLD_REACHED = "threshold_reached"
    NEWER_LINK = "newer_link"
    FIX_DID_NOT_HOLD = "fix_did_not_hold"
    ASKED_BY_PERSON = "asked_by_person"
    # verifying
    REPORTED = "reported"
    REPORT_SHARED = "report_shared"
    SHADOW = "shadow"
    # needs_human only
    ERRORS_CONTINUE = "errors_continue"
    MAX_REPORTS = "max_reports"
    UNPROVEN = "unproven"
    # ends
    ORDER_SEEN = "order_seen"
    ERRORS_STOPPED = "errors_stopped"
    SUPPLIER_CONFIRMED = "supplier_confirmed"
    ALERT_RESOLVED = "alert_resolved"
    NOT_CONFIRMED = "not_confirmed"
    NEW_FIRING = "new_firing"
    CLOSED_BY_PERSON = "closed_by_person"
    RULE_REMOVED = "rule_removed"
    DRILL = "drill"


class Outcome(StrEnum):
    """What the factory's answer to one report meant (policy rule 10)."""

    RESOLVED = "resolved"
    NOTHING_TO_RESOLVE = "nothing_to_resolve"
    WRONG_CODE = "wrong_code"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"

    @property
    def moves_floor(self) -> bool:
        """Whether the factory said that nothing is wrong any more (rule 4)."""
        return self in (Outcome.RESOLVED, Outcome.NOTHING_TO_RESOLVE)

    @property
    def may_have_taken_effect(self) -> bool:
        """Whether the call counts against the bounds of rule 11."""
        return self.moves_floor or self is Outcome.UNKNOWN


class Proof(StrEnum):
    """How recovery was proven (rule 15)."""

    ORDERS = "orders"
    QUIET = "quiet"
    SUPPLIER = "supplier"


class Verdict(StrEnum):
    """What one alert of one delivery meant."""

    OPENED = "opened"
    JOINED = "joined"
    REPEATED = "repeated"
    ECHO = "echo"
    RESOLVED = "resolved"
    IGNORED = "ignored"
    TEST = "test"
    NO_DATA = "no_data"
    HEARTBEAT = "heartbeat"
    DRILL = "drill"


class Decision(StrEnum):
    """What was decided: the `verdict` label of `responder_decisions_total`."""

    HOLD = "hold"
    REPORT = "report"
    SHARE = "share"
    WITHHOLD = "withhold"
    VERIFY = "verify"
    NEEDS_HUMAN = "needs_human"
    FINISH = "finish"


class Sender(StrEnum):
    """Who speaks to us. The path of the request says which, never the body."""

    GRAFANA = "grafana"
    ALERTMANAGER = "alertmanager"
    IRM = "irm"
    GRAFANA_PULL = "grafana-pull"
    """Stored by earlier versions, which asked Grafana for its active alerts."""


WEBHOOKS = tuple(sender for sender in Sender if sender is not Sender.GRAFANA_PULL)
"""Those that come to us, each by a path of its own."""


class Status(StrEnum):
    """What an alert says of itself."""

    FIRING = "firing"
    RESOLVED = "resolved"


class Mode(StrEnum):
    """How much a rule may do by itself (rule 13)."""

    AUTO = "auto"
    VETO = "veto"
    SHADOW = "shadow"


class OnRecovered(StrEnum):
    """What becomes of IRM's alert group once recovery is proven."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


class UnreadableReason(StrEnum):
    """Why a query could not be counted. Never mixed with "no lines"."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    UNAUTHORIZED = "unauthorized"
    BAD_QUERY = "bad_query"
    TOO_MUCH = "too_much"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    NOT_LOKI = "not_loki"
    PARTIAL = "partial"
    STORAGE = "storage"


class Sight(StrEnum):
    """What one look of a rule's own watch came to."""

    QUIET = "quiet"
    CONFIRMED = "confirmed"
    UNREADABLE = "unreadable"
    ENGAGED = "engaged"
    """No look: an incident of the rule looks itself."""


# Input that is too large, whoever sent it.


class TooLarge(ValueError):
    """More of something than a bound allows. The text is fit for the sender.

    A kind of its own beside other refusals, because the remedy is another: send it in
    parts. Over HTTP it is a 413.
    """


# Which reasons a decision can have.

DECISIONS: Mapping[Decision, tuple[Reason, ...]] = {
    Decision.HOLD: (
        Reason.BELOW_THRESHOLD,
        Reason.LOGS_UNREADABLE,
        Reason.NO_LINK,
        Reason.WRONG_CODE,
        Reason.REPORT_IN_FLIGHT,
        Reason.COOLDOWN,
        Reason.PAUSED,
        Reason.VETO_WINDOW,
        Reason.SILENCED,
        Reason.FACTORY_REFUSED,
        Reason.FACTORY_UNREACHABLE,
        Reason.UNANSWERED,
    ),
    Decision.REPORT: (
        Reason.THRESHOLD_REACHED,
        Reason.NEWER_LINK,
        Reason.FIX_DID_NOT_HOLD,
        Reason.ASKED_BY_PERSON,
        Reason.UNANSWERED,
    ),
    Decision.SHARE: (Reason.REPORT_SHARED,),
    Decision.WITHHOLD: (Reason.SHADOW,),
    Decision.VERIFY: (
        Reason.REPORTED,
        Reason.REPORT_SHARED,
        Reason.SHADOW,
        Reason.UNANSWERED,
    ),
    Decision.NEEDS_HUMAN: (
        Reason.LOGS_UNREADABLE,
        Reason.NO_LINK,
        Reason.WRONG_CODE,
        Reason.FACTORY_REFUSED,
        Reason.FACTORY_UNREACHABLE,
        Reason.BREAKER_OPEN,
        Reason.ERRORS_CONTINUE,
        Reason.MAX_REPORTS,
        Reason.VETOED,
        Reason.UNPROVEN,
    ),
    Decision.FINISH: (
        Reason.ORDER_SEEN,
        Reason.ERRORS_STOPPED,
        Reason.SUPPLIER_CONFIRMED,
        Reason.ALERT_RESOLVED,
        Reason.NOT_CONFIRMED,
        Reason.NEW_FIRING,
        Reason.CLOSED_BY_PERSON,
        Reason.RULE_REMOVED,
        Reason.SHADOW,
    ),
}
"""The pairs that can occur. A pair that is not here is counted all the same."""
