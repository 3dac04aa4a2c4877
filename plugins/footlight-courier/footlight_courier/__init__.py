"""Passes on what is recorded: a Footlight plug-in of event listeners."""

from __future__ import annotations

from footlight_plugins import PartRole, PartSpec, impl


@impl
def register_parts() -> list[PartSpec]:
    """Files, and a web hook."""
    return [
        PartSpec(
            name="day-files",
            role=PartRole.EVENT_LISTENER,
            version="1.0",
            summary="Writes every event as a line of JSON into the file of its day.",
            factory="footlight_courier.day_files:DayFiles",
        ),
        PartSpec(
            name="webhook",
            role=PartRole.EVENT_LISTENER,
            version="1.0",
            summary="Posts events as JSON to an address, signed, and tries again.",
            factory="footlight_courier.webhook:Webhook",
            requires=("urllib3",),
        ),
    ]
