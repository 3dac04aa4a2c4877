"""What not every engine can do, and who can."""

from __future__ import annotations

from footlight_plugins import Verb
from footlight_plugins.loader import Plugins
from footlight_server.errors import FailedPrecondition

_WHAT = {"can_predict": "predict ratings", "can_forget": "forget a person without a new training"}


def cannot(plugins: Plugins, engine: str, ability: str) -> FailedPrecondition:
    """What a caller is told whose engine lacks an ability, ``can_predict`` or ``can_forget``: who has it."""
    recommenders = (spec for spec in plugins.engines.values() if spec.verb is Verb.RECOMMEND)
    able = sorted(spec.name for spec in recommenders if getattr(spec, ability))
    others = f"these can: {', '.join(able)}" if able else "none that is installed can"
    return FailedPrecondition(f"engine '{engine}' cannot {_WHAT[ability]}; {others}", "NOT_SUPPORTED")
