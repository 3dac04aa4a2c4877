"""What can go wrong, in the words of the domain. Each door (gRPC, later HTTP) maps these errors to its own."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class FootlightError(Exception):
    """The base of every error that a caller is told about.

    ``reason`` names the case for a program (UPPER_SNAKE), ``message`` explains it to a person, ``metadata`` holds the
    names that the message mentions.
    """

    reason: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, metadata: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.metadata: dict[str, str] = metadata or {}


class NotFound(FootlightError):
    """There is no such thing."""

    reason = "NOT_FOUND"

    def __init__(self, resource: str, name: str, known: Iterable[str] = ()) -> None:
        """Of ``known`` names the message tells the nearest, for one that was mistyped."""
        near = difflib.get_close_matches(name, known, 1)
        hint = f"; there is {near[0]!r}" if near else ""
        super().__init__(f"no {resource} named {name!r}{hint}", {"resource": resource, "name": name})
        self.resource = resource
        self.name = name


class DecisionErased(NotFound):
    """There was such a decision; it was erased with the person whom it was made for."""

    reason = "DECISION_ERASED"

    def __init__(self, name: str) -> None:
        super().__init__("decision", name)
        self.message = f"decision {name!r} is gone: its person was forgotten"
        self.args = (self.message,)


class InvalidArgument(FootlightError):
    """A field of the request is wrong; ``field`` is its path, for instance ``events[7].value``."""

    reason = "INVALID_ARGUMENT"

    def __init__(self, field: str, description: str) -> None:
        super().__init__(f"{field}: {description}", {"field": field})
        self.field = field
        self.description = description


class Unauthenticated(FootlightError):
    """The server does not know who calls."""

    reason = "UNAUTHENTICATED"

    def __init__(self, message: str, reason: str = "UNAUTHENTICATED") -> None:
        super().__init__(message)
        self.reason = reason  # type: ignore[misc]  # an instance may be more exact than its class


class PermissionDenied(FootlightError):
    """The caller is known, and may not do this."""

    reason = "SCOPE_MISSING"

    def __init__(self, scope: str) -> None:
        super().__init__(f"the token does not have the scope '{scope}'", {"scope": scope})


class AlreadyExists(FootlightError):
    """The name is taken."""

    reason = "ALREADY_EXISTS"

    def __init__(self, resource: str, name: str, message: str = "") -> None:
        article = "an" if resource[:1] in "aeiou" else "a"
        text = message or f"there is already {article} {resource} named {name!r}"
        super().__init__(text, {"resource": resource, "name": name})
        self.resource = resource
        self.name = name


class FailedPrecondition(FootlightError):
    """The request is well formed, but the state of the server does not allow it."""

    reason = "FAILED_PRECONDITION"

    def __init__(self, message: str, reason: str = "FAILED_PRECONDITION") -> None:
        super().__init__(message)
        self.reason = reason  # type: ignore[misc]  # an instance may be more exact than its class


class ResourceExhausted(FootlightError):
    """The server has too much to do; ``retry_after`` says in how many seconds to come back."""

    reason = "RESOURCE_EXHAUSTED"

    def __init__(self, message: str, retry_after: float, reason: str = "RESOURCE_EXHAUSTED") -> None:
        super().__init__(message)
        self.reason = reason  # type: ignore[misc]  # an instance may be more exact than its class
        self.retry_after = retry_after


class Unavailable(FootlightError):
    """The server cannot do it now, and the same request may succeed later.

    ``retry_after`` says in how many seconds, where that is known.
    """

    reason = "UNAVAILABLE"
    retry_after: float | None = None


class DeadlineExceeded(FootlightError):
    """The caller's deadline passed before the work was done."""

    reason = "DEADLINE_EXCEEDED"

    def __init__(self, message: str = "the deadline passed before the work was done") -> None:
        super().__init__(message)


class Cancelled(FootlightError):
    """The caller gave up."""

    reason = "CANCELLED"

    def __init__(self, message: str = "the call was cancelled") -> None:
        super().__init__(message)


class DataLoss(FootlightError):
    """Stored data is damaged; the message names the file."""

    reason = "DATA_LOSS"


class Unimplemented(FootlightError):
    """Nothing answers to a method of that name."""

    reason = "METHOD_UNKNOWN"
