"""Who runs drills, and on what."""

from responder.config.settings import Settings
from responder.drill.runner import Runner, Surroundings
from responder.masking import Masker
from responder.store.store import Store


def drill_runner(settings: Settings, store: Store, masker: Masker) -> Runner:
    """One for the whole service."""
    ground = Surroundings(
        archive=store,
        controls=store.controls,
        drills=store.drills,
        clock=store.clock,
        rules=settings.rules,
        fixed_link=settings.factory.report_url is not None,
    )
    return Runner(settings, masker, ground)
