"""An assistant that runs in a process of its own, as the rest of the server sees it."""

from __future__ import annotations

from dataclasses import replace

from footlight_plugins import Assistant, Heard, Reply, Turn
from footlight_server.isolation.process import EngineProcess
from footlight_server.isolation.proxies import IsolatedReader


class IsolatedAssistant(IsolatedReader, Assistant):
    """What it thinks of a turn stays in its process, under a number."""

    def __init__(self, process: EngineProcess) -> None:
        super().__init__(process)
        self.acts, self.observations, self.policy = self._ask("about")  # type: ignore[misc]  # of the class, otherwise

    def hear(self, turn: Turn) -> Heard:
        """Understand a text."""
        heard: Heard
        number, heard = self._ask("hear", turn)
        return replace(heard, thought=number)

    def reply(self, turn: Turn, heard: Heard, act: int) -> Reply:
        """Answer a turn."""
        reply: Reply = self._ask("reply", turn, heard, act)
        return reply
