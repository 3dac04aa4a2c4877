"""What a recommender makes of the items for one person, as a part of another answer: nothing is recorded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from footlight_plugins import Query
from footlight_server.dispatch.answering import Answerer
from footlight_server.dispatch.asking import Asking
from footlight_server.dispatch.deployments import Deployments
from footlight_server.dispatch.resolving import Resolver
from footlight_server.errors import FailedPrecondition, ResourceExhausted, Unavailable

SCORED = 300
"""So many items get a score."""


class Tasting:
    """Asks the recommenders for the assistant."""

    def __init__(self, deployments: Deployments, resolver: Resolver, answerer: Answerer) -> None:
        self._deployments = deployments
        self._resolver = resolver
        self._answerer = answerer

    async def scores(self, asking: Asking, user_id: str, deployment: str) -> NDArray[np.float64] | None:
        """Shape (items,): 1 for the best item of the person's ranking, falling in a straight line, 0 for the others.

        Places, not scores: engines measure in units of their own. None where no recommender can answer.

        Raises
        ------
        NotFound, InvalidArgument
            When a deployment was named that is none.
        """
        if deployment:
            self._deployments.recommender(deployment)
        servable = self._resolver.catalogue.servable
        if not servable.any():
            return None
        try:
            host = await self._deployments.awake(deployment)
            user = self._resolver.people.ordinal(user_id) if user_id else -1
            _, found = await self._answerer.find(asking, host, Query(user, SCORED, servable))
        except (FailedPrecondition, Unavailable, ResourceExhausted):
            return None
        scores = np.zeros(len(servable))
        scores[list(found.items)] = 1.0 - np.arange(len(found.items)) / SCORED
        return scores
