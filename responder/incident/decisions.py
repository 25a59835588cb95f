"""Which reasons a decision can have."""

from collections.abc import Mapping

from responder.incident.names import Decision, Reason

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
