"""Storage on SQLAlchemy Core: what was accepted outlives the process."""

from responder.store.database import BadStorage, DatabaseInUse
from responder.store.store import Store

__all__ = ["BadStorage", "DatabaseInUse", "Store"]
