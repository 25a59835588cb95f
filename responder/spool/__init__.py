"""Where deliveries wait on a local disk while the database takes none."""

from responder.spool.files import Spool, Spooled, SpoolFull
from responder.spool.intake import SpoolingIntake

__all__ = ["Spool", "SpoolFull", "Spooled", "SpoolingIntake"]
