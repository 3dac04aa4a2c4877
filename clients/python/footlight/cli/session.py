"""What every command shares: where the server is, how to print, and what an error means."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from footlight.cli.plain import plain
from footlight.errors import DeadlineExceeded, FootlightError, Unauthenticated, Unavailable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress

    from footlight import Client

ANSWERED, USAGE, UNREACHABLE, INTERRUPTED = 1, 2, 3, 130

CLI_RETRY = 0.8
"""A person at a terminal wants to hear soon that no server runs."""


class UsageFault(ValueError):
    """The command cannot mean anything; the message says what to do instead."""


@dataclass(frozen=True)
class Session:
    """One run of one command."""

    address: str
    timeout: float
    json: bool
    token_file: str = ""
    tls_ca: str = ""
    tls_cert: str = ""
    tls_key: str = ""

    @cached_property
    def client(self) -> Client:
        """The client, made when first used: gRPC is slow to load."""
        import footlight

        token = Path(self.token_file).read_text() if self.token_file else None
        files = (self.tls_ca, self.tls_key, self.tls_cert)
        tls = footlight.Tls.from_files(*files) if any(files) else None
        return footlight.Client(self.address, timeout=self.timeout, token=token, tls=tls, retry_seconds=CLI_RETRY)

    @cached_property
    def out(self) -> Console:
        """Where results go, when they are for people."""
        from rich.console import Console

        return Console(highlight=False, markup=False, emoji=False)

    @cached_property
    def err(self) -> Console:
        """Where progress and remarks go."""
        from rich.console import Console

        return Console(stderr=True, highlight=False, markup=False, emoji=False, quiet=self.json)

    def show(self, result: object, view: Callable[[], RenderableType]) -> None:
        """Prints a result: JSON for machines, what `view` makes for people."""
        if self.json:
            sys.stdout.write(json.dumps(plain(result), ensure_ascii=False) + "\n")
        else:
            self.out.print(view())

    def say(self, remark: str) -> None:
        """Prints a remark for people, on stderr."""
        self.err.print(remark, soft_wrap=True)

    def progress(self, *columns: Any) -> Progress:
        """A bar with the time left; `columns` come after it."""
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        standard = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
        return Progress(*standard, *(columns or (TimeRemainingColumn(),)), console=self.err, disable=self.json)

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Turns what goes wrong inside the block into a message and an exit code, and closes the client."""
        try:
            yield
        except BrokenPipeError:
            raise  # whoever read our output has enough
        except FootlightError as error:
            advice = _advice(error, self.address)
            self._fail(_facts_of(error), UNREACHABLE if _unreachable(error) else ANSWERED, advice)
        except (ValueError, OSError) as error:
            notes = getattr(error, "__notes__", [])
            self._fail({"message": str(error), **_place_of(error), **({"notes": notes} if notes else {})}, USAGE)
        except KeyboardInterrupt:
            self._fail({"message": "interrupted"}, INTERRUPTED)
        finally:
            if "client" in self.__dict__:
                self.client.close()

    def _fail(self, facts: dict[str, Any], exit_code: int, advice: str = "") -> None:
        if self.json:
            if advice:
                facts["advice"] = advice
            sys.stderr.write(json.dumps({"error": plain(facts)}, ensure_ascii=False) + "\n")
        else:
            sys.stderr.write(
                "\n".join(filter(None, (f"Error: {facts['message']}", *facts.get("notes", ()), advice))) + "\n"
            )
        sys.exit(exit_code)


def _facts_of(error: FootlightError) -> dict[str, Any]:
    facts = {
        "message": str(error),
        "code": error.code,
        "reason": error.reason,
        "field": error.field,
        "metadata": error.metadata,
        "retry_after": error.retry_after,
        "notes": getattr(error, "__notes__", []),
    }
    return {name: fact for name, fact in facts.items() if fact}


def _place_of(error: Exception) -> dict[str, Any]:
    """Where in a file, for errors that know."""
    return {name: getattr(error, name) for name in ("line", "field", "expected", "problems") if hasattr(error, name)}


def _unreachable(error: FootlightError) -> bool:
    return isinstance(error, Unavailable | DeadlineExceeded)


def _advice(error: FootlightError, address: str) -> str:
    """What to do next."""
    if isinstance(error, DeadlineExceeded):
        return f"No answer came from {address} in time: allow more with --timeout SECONDS."
    if isinstance(error, Unavailable) and "handshake" in error.message.lower():
        return (
            f"The server at {address} speaks no TLS, or its certificate is not one of the authority in --tls-ca FILE\n"
            "(or $FOOTLIGHT_TLS_CA) for this name or address."
        )
    if isinstance(error, Unavailable) and "Socket closed" in error.message:
        return (
            f"What listens at {address} hung up. It may speak TLS: name its authority with --tls-ca FILE, or set\n"
            "$FOOTLIGHT_TLS_CA."
        )
    if isinstance(error, Unavailable):
        return (
            f"Is a server running at {address}? Start one with: footlight serve --data-dir DIR\n"
            "or name another with --address HOST:PORT or $FOOTLIGHT_ADDRESS."
        )
    if isinstance(error, Unauthenticated):
        return (
            "Name the file that holds your token with --token-file FILE, or set $FOOTLIGHT_TOKEN.\n"
            "Where the server's data lies, one is made with: footlight tokens create NAME --scope read --data-dir DIR"
        )
    if error.retry_after:
        return f"Try again in {error.retry_after:g} s."
    return ""
