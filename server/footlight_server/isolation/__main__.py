"""The process of an isolated engine, part or deployment's agents: ``python -m footlight_server.isolation DESCRIPTOR``.

It answers calls on the socket whose descriptor it is given. A number on its standard input says that the call of that
number is not waited for any more; the end of its input says that the server is gone. What the engine prints goes to the
server's log.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from footlight_plugins import (
    Agent,
    Call,
    CallEnded,
    Engine,
    Heard,
    NotMade,
    Options,
    PartFailed,
    Query,
    Spaces,
    TrainingRun,
    Turn,
    Verb,
    WishRefused,
)
from footlight_plugins.embedding import new_embedder
from footlight_plugins.factories import resolve_factory, resolve_stage
from footlight_plugins.loader import LoaderConfig, Plugins, load_plugins
from footlight_plugins.options import options_of
from footlight_plugins.parts import made
from footlight_server.dispatch.limits import Limits
from footlight_server.isolation.pipe import Gone, Pipe
from footlight_server.isolation.placement import keep_apart

_OF_ENGINES = {"state", "warm_up", "forget", "knows", "predict"}
_OF_PARTS = {"order", "propose", "check", "shape", "repaired", "judge"}
_OF_STAGES = {"index", "fingerprint", "draw", "embed", "read", "write", "sign", "verify"}
METHODS = frozenset(_OF_ENGINES | _OF_PARTS | _OF_STAGES)
"""What is called as it is asked for; the others take something that does not cross as it is."""

WITH_CALL = frozenset({"recommend_batch", "generate", "generate_as", "interpolate"})
"""What can be cancelled while it runs."""

MAY_REFUSE = frozenset({"load", "born", "check", "nearest", "sign"})
"""What may raise a ValueError that is no fault."""

ANSWERING = frozenset({"state", "decide", "decide_batch"})
"""Methods of an agent whose answer is asked for; the others are answered by how many steps it has learned then."""

LONGEST_TEXT = 300

THOUGHTS = 1_024
"""So many turns may have been heard and not been answered yet; the oldest are let go of."""


class Host:
    """Holds the engine, or the part, and calls it."""

    def __init__(self) -> None:
        self._engine: Any = None
        self._agents: dict[int, Any] = {}
        self._servable: Any = None
        self._index: Any = None
        self._thoughts: dict[int, Any] = {}
        self.number = 0
        self.left = 0
        """The number of the last call whose caller left."""

    def answer(self, method: str, arguments: Sequence[Any], seconds: float | None) -> Any:
        """What the engine returns."""
        if method == "make":
            return self._make(*arguments)
        if method in METHODS:
            return getattr(self._engine, method)(*arguments)
        if method in WITH_CALL:
            arguments = [*arguments, self._call(seconds)]
        special: Callable[..., Any] = getattr(self, f"_{method}")
        return special(*arguments)

    def _call(self, seconds: float | None) -> Call:
        number = self.number
        deadline = float("inf") if seconds is None else time.monotonic() + seconds
        return Call(deadline, lambda: self.left >= number)

    def _make(self, role: str, name: str, options: Mapping[str, Any], plugins: Mapping[str, Any], memory: int) -> None:
        _bound_memory(memory)
        others = plugins["isolated"]
        found = load_plugins(config := _loader_config(plugins))
        if role:
            self._engine = made_part(found, role, name, options)
            return
        own = found.plugin_of(name).name
        keep_apart(
            found, Limits(isolated_bytes=memory, plugins=config, isolated_plugins=frozenset(others) - {own}), True
        )
        spec = found.engines[name]
        self._class = engine_class = resolve_factory(spec)
        if spec.verb is Verb.ACT and not spec.converses:
            return  # each agent comes with options of its own
        make = cast("Callable[[Options], Engine]", engine_class)
        self._engine = make(options_of(engine_class, options))

    def _traits(self, names: list[str]) -> list[Any]:
        return [getattr(self._engine, name) for name in names]

    def _take_in(self, events: Any) -> Any:
        return self._engine.hear(events)

    def _fits(self, symbols: list[str]) -> Any:
        return self._engine.fits(frozenset(symbols))

    def _nearest(self, index: Any, sample: Any) -> Any:
        """With what was learned from, which crosses only when it has changed."""
        if index is not None:
            self._index = index
        return self._engine.nearest(self._index, sample)

    def _born(self, number: int, values: Mapping[str, Any], spaces: Spaces) -> int:
        make = cast("Callable[[Options, Spaces], Agent]", self._class)
        agent = self._agents[number] = make(options_of(self._class, values), spaces)
        return agent.learned_steps

    def _agent(self, buried: list[int], number: int, method: str, *arguments: Any) -> Any:
        for gone in buried:
            self._agents.pop(gone, None)
        agent = self._agents[number]
        answer = getattr(agent, method)(*arguments)
        return answer if method in ANSWERING else agent.learned_steps

    def _fit(self, events: Any, seed: int, directory: str) -> Any:
        return self._engine.fit(events, TrainingRun(seed, Path(directory), lambda *_: None))

    def _load(self, state: Any) -> Any:
        self._engine.load(state)
        return getattr(self._engine, "pending", 0)

    def _apply(self, events: Any) -> Any:
        return [self._engine.apply(events), self._engine.pending]

    def _describe(self, contents: Any) -> Any:
        self._engine.describe(contents)
        return self._engine.pending

    def _settle(self) -> Any:
        self._engine.settle()
        return self._engine.pending

    def _recommend(self, query: Query, servable: Any) -> Any:
        return self._engine.recommend(self._whole(query, servable))

    def _recommend_batch(self, queries: list[Query], servable: Any, call: Call) -> Any:
        return self._engine.recommend_batch([self._whole(query, servable) for query in queries], call)

    def _similar(self, item: int, query: Query, servable: Any) -> Any:
        return self._engine.similar(item, self._whole(query, servable))

    def _about(self) -> Any:
        return [self._engine.acts, self._engine.observations, self._engine.policy]

    def _hear(self, turn: Turn) -> Any:
        heard = self._engine.hear(turn)
        self._thoughts[self.number] = heard.thought
        while len(self._thoughts) > THOUGHTS:
            del self._thoughts[next(iter(self._thoughts))]
        return [self.number, replace(heard, thought=None)]

    def _reply(self, turn: Turn, heard: Heard, act: int) -> Any:
        return self._engine.reply(turn, replace(heard, thought=self._thoughts.pop(heard.thought)), act)

    def _generate(self, seeds: Any, call: Call) -> Any:
        return self._engine.generate(seeds, call)

    def _generate_as(self, seeds: Any, wish: Any, call: Call) -> Any:
        return self._engine.generate_as(seeds, wish, call)

    def _interpolate(self, *arguments: Any) -> Any:
        return self._engine.interpolate(*arguments)

    def _whole(self, query: Query, servable: Any) -> Query:
        """The query with what may be answered, which crosses only when it has changed."""
        if servable is not None:
            self._servable = servable
        query.servable = self._servable
        return query


def _loader_config(told: Mapping[str, Any]) -> LoaderConfig:
    only = None if told["allowed"] is None else frozenset(told["allowed"])
    folder = Path(told["folder"]) if told["folder"] else None
    return LoaderConfig(frozenset(told["disabled"]), folder, allowed=only)


def made_part(found: Plugins, role: str, name: str, options: Mapping[str, Any]) -> Any:
    """The part of a role and a name, made here."""
    if (stage := found.stages.get(name)) is not None and stage.role == role:
        return resolve_stage(stage)
    if (embedder := found.embedders.get(name)) is not None and embedder.role == role:
        return new_embedder(embedder)
    return made(next(part for part in found.parts if (part.role, part.name) == (role, name)), options)


def _bound_memory(size: int) -> None:
    """Let allocations that are far too large fail here; what creeps up is seen by the server."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (2 * size + (1 << 30), 2 * size + (1 << 30)))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")  # rather this process than the server


def _listen(host: Host) -> None:
    for line in sys.stdin:
        with suppress(ValueError):
            host.left = int(line)
    os._exit(1)  # the server is gone


def _answered(host: Host, message: Any) -> list[Any]:
    host.number, method, arguments, seconds = message
    try:
        return ["returned", host.answer(method, arguments, seconds)]
    except NotImplementedError as fault:
        return ["not implemented", str(fault)]
    except WishRefused as fault:
        return ["wish refused", [fault.wish, fault.expected]]
    except NotMade as fault:
        return ["not made", str(fault)]
    except CallEnded as fault:
        return ["call ended", str(fault)]
    except PartFailed as fault:
        traceback.print_exc()
        return ["part failed", [fault.part, fault.plugin, fault.what[:LONGEST_TEXT]]]
    except BaseException as fault:
        traceback.print_exc()
        text = f"{type(fault).__name__}: {fault}"[:LONGEST_TEXT]
        return ["value error" if isinstance(fault, ValueError) and method in MAY_REFUSE else "raised", text]


def main(descriptor: int) -> None:
    """Answer until the server closes the pipe."""
    os.dup2(2, 1)
    pipe = Pipe(socket.socket(fileno=descriptor))
    host = Host()
    threading.Thread(target=_listen, args=(host,), daemon=True).start()
    while True:
        outcome = _answered(host, pipe.receive())
        try:
            pipe.send(outcome)
        except (TypeError, ValueError) as wrong:  # it answered what cannot cross
            pipe.send(["raised", f"{wrong}"[:LONGEST_TEXT]])


if __name__ == "__main__":
    with suppress(Gone):
        main(int(sys.argv[1]))
    os._exit(0)  # an engine's threads do not hold the process back
