"""What a row of recommendations may be arranged by: a Footlight plug-in of parts."""

from __future__ import annotations

from footlight_plugins import PartRole, PartSpec, impl


@impl
def register_parts() -> list[PartSpec]:
    """A re-ranker and a candidate source."""
    return [
        PartSpec(
            name="freshness",
            role=PartRole.RE_RANKER,
            version="1.0",
            summary="What is new comes further up, by a half life.",
            factory="footlight_shelf.freshness:Freshness",
        ),
        PartSpec(
            name="trending-now",
            role=PartRole.CANDIDATE_SOURCE,
            version="1.0",
            summary="What many people meet at present.",
            factory="footlight_shelf.trending_now:TrendingNow",
        ),
    ]
