"""What must go on whatever happens: one failure is logged, the next try comes."""

import logging
from collections.abc import Callable
from typing import TypeVar

from responder.incident.ports import StorageUnavailable

log = logging.getLogger("responder.worker")
T = TypeVar("T")


def guarded(work: Callable[[], T], otherwise: T) -> T:
    """What `work` answers; `otherwise` if it failed, which is logged."""
    try:
        return work()
    except StorageUnavailable as error:
        log.warning("storage unavailable", extra={"why": str(error)})
    except Exception:
        log.exception("worker failure")
    return otherwise
