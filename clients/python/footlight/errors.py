"""What can go wrong when a server is called.

FootlightError
  InvalidArgument      a field is wrong: `.field` names it; nothing was written
  NotFound             there is no such thing: `.resource`, `.name`
  AlreadyExists        the name or id is taken: `.resource`, `.name`
  FailedPrecondition   not now: never trained, nothing to learn from, a damaged model
  ResourceExhausted    the server is full: `.retry_after` seconds
  Unavailable          no server answers at the address, or it is stopping
  DeadlineExceeded     the answer did not come in time
  Cancelled            the call was cancelled
  Unauthenticated      the token is missing or wrong
  PermissionDenied     the token does not allow it
  Unimplemented        the server is older than this client
  InternalError        a fault of the server: `.error_id` is in its log
  TrainingFailed       a training job failed or was cancelled: `.training`
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from footlight.types import Training


class FootlightError(Exception):
    """Any error that a server answered, or that kept it from answering.

    Attributes:
        message: what went wrong, for people.
        code: the gRPC status, such as "NOT_FOUND".
        reason: what went wrong, for programs, in UPPER_SNAKE; empty where the server gave none.
        field: the field of the request that is wrong, such as "events[3].value"; empty where it is none.
        metadata: further facts by name.
        retry_after: after how many seconds to try again; None where the server did not say.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        reason: str = "",
        field: str = "",
        metadata: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason
        self.field = field
        self.metadata = dict(metadata or {})
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field and self.field not in self.message else self.message


class InvalidArgument(FootlightError):
    """A field of the request is wrong; `field` names it and nothing was written."""


class _Named(FootlightError):
    """An error about one thing that has a name."""

    @property
    def resource(self) -> str:
        """What sort of thing, such as "item"."""
        return self.metadata.get("resource", "")

    @property
    def name(self) -> str:
        """The name or id that was asked for."""
        return self.metadata.get("name", "")


class NotFound(_Named):
    """There is no such thing: `resource` and `name` say which."""


class AlreadyExists(_Named):
    """The name or id is taken: `resource` and `name` say which."""


class FailedPrecondition(FootlightError):
    """The request is right, but not in the state that the server is in."""


class ResourceExhausted(FootlightError):
    """The server is full, or the answer is too large. `retry_after` says when to try again."""


class Unavailable(FootlightError):
    """No server answers at the address, or it is starting or stopping."""


class DeadlineExceeded(FootlightError):
    """The answer did not come in time. Whether the call had an effect is not known."""


class Cancelled(FootlightError):
    """The call was cancelled."""


class Unauthenticated(FootlightError):
    """The token is missing or wrong."""


class PermissionDenied(FootlightError):
    """The token does not allow it."""


class Unimplemented(FootlightError):
    """The server does not know the call: it is older than this client, or no Footlight server."""


class InternalError(FootlightError):
    """A fault of the server."""

    @property
    def error_id(self) -> str:
        """Under which id the server's log holds the traceback."""
        return self.metadata.get("error_id", "")


class TrainingFailed(FootlightError):
    """A training job failed or was cancelled; `training` is its last state."""

    def __init__(self, training: Training) -> None:
        ended = "was cancelled" if training.state == "cancelled" else training.state
        super().__init__(
            f"training {training.training_id} of {training.deployment} {ended}"
            + (f": {training.error}" if training.error else ""),
            reason=f"TRAINING_{training.state.name}",
        )
        self.training = training

    def __reduce__(self) -> tuple[type[TrainingFailed], tuple[Training]]:
        return type(self), (self.training,)  # it is made from a training, not from a message
