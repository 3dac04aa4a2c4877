"""What an agent's decisions earned, read from its log."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from footlight_server.agents.sessions import ACT, ROLLBACK, Sessions
from footlight_server.log.records import AgentRow


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision, what it earned, and by how many rewards; complete: nothing more will count."""

    row: AgentRow
    reward: float
    rewards: int
    complete: bool


def entries(rows: Iterable[AgentRow], sessions: Sessions, voided: Callable[[int], bool]) -> Iterator[Entry]:
    """The decisions that are complete, in the order in which they became so. ``sessions`` are new ones that tell of all."""
    acts: dict[int, AgentRow] = {}
    for row in rows:
        if row.kind == ROLLBACK or voided(row.position):
            continue
        if row.kind == ACT:
            acts[row.position] = row
        for step in sessions.replay(row):
            decision = step.decision
            yield Entry(acts.pop(decision.position), step.reward, decision.rewards, True)
    for position, row in acts.items():
        if (still := sessions.of_decision(position)) is not None:
            yield Entry(row, still.earned, still.rewards, False)


def newest(found: Iterable[Entry], count: int) -> list[Entry]:
    """The last complete ones."""
    return list(deque((entry for entry in found if entry.complete), maxlen=count))
