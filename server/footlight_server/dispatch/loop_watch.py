"""Watches the event loop from a thread: an inline engine that holds it up is interrupted, and has a thread from then on.

The thread puts a beat on the loop every half second. While a beat is late it sends the loop's thread a signal, whose
handler runs *in* that thread between two instructions of Python and sees what it was doing. Where that is one and the same
call of an inline engine at several looks in a row, the handler raises `Overrun` inside the engine: nothing else can be hit,
and a call of an inline engine costs nothing more than before.

Native code that does not come back cannot be interrupted, and nobody is answered any more. Then the engine is written down
and the process ends: whoever looks after it starts another one, in which the engine has a thread.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any

from footlight_server.dispatch.faulting import Overrun
from footlight_server.dispatch.seat import INLINE

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
LOOKS = 4
"""At so many looks in a row the same call has to be seen: it has taken about two seconds then."""

SHORTEST_SECONDS = 5.0
"""The process is never given up sooner, whatever an engine may take on a thread."""

SIGNAL = signal.SIGUSR2
EXIT_CODE = 70
"""EX_SOFTWARE of sysexits.h."""


class LoopWatch:
    """Watches the loop that it is made on, which must be that of the main thread: only there are signals heard.

    ``doom`` is told the deployment and the reason, on the watching thread, before the process ends.
    """

    def __init__(self, patience: float, doom: Callable[[str, str], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._most_late = round(max(patience, SHORTEST_SECONDS) / LOOK_SECONDS)
        self._doom = doom
        self._stopped = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="loop-watch", daemon=True)
        self._beaten = True
        self._seen: FrameType | None = None
        self._looks = 0
        self._late = 0
        self._before: Any = signal.SIG_DFL

    def start(self) -> None:
        """Watch, where that is possible."""
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(SIGNAL, self._hear)
            self._watcher.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        if self._watcher.is_alive():
            self._watcher.join()
            signal.signal(SIGNAL, self._before)

    @property
    def late_seconds(self) -> float:
        """For how long the loop has not come round; 0 while it does. Any thread may ask."""
        return self._late * LOOK_SECONDS

    def _beat(self) -> None:
        self._beaten, self._seen = True, None

    def _watch(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            if self._beaten:
                self._beaten, self._late = False, 0
                try:
                    self._loop.call_soon_threadsafe(self._beat)
                except RuntimeError:  # it is closed
                    return
            else:
                self._late += 1  # looks are counted, not seconds: a process that was stopped has not looked
                signal.pthread_kill(self._thread, SIGNAL)
                if self._late == self._most_late:
                    self._give_up()

    def _hear(self, _: int, frame: FrameType | None) -> None:
        call = _engine_call(frame)
        if call is None or call is not self._seen:
            self._seen, self._looks = call, 0
        self._looks += 1
        if call is not None and self._looks >= LOOKS:
            self._seen = None
            raise Overrun(f"a call took more than {(LOOKS - 1) * LOOK_SECONDS:g} s")

    def _give_up(self) -> None:
        frame = sys._current_frames().get(self._thread)
        stack = "".join(traceback.format_stack(frame))
        call = _engine_call(frame)
        if call is None:
            log.error("the event loop stands still, and no engine holds it:\n%s", stack)
            return
        name, reason = str(call.f_locals["self"].name), "it stopped the event loop, and could not be interrupted"
        log.critical("the engine of deployment %r holds the event loop: the server ends.\n%s", name, stack)
        self._doom(name, reason)
        os._exit(EXIT_CODE)


def _engine_call(frame: FrameType | None) -> FrameType | None:
    """The frame that called an engine on the loop, where the engine itself is at work."""
    frame = None if frame is None else frame.f_back
    while frame is not None and frame.f_code not in INLINE:
        frame = frame.f_back
    return frame
