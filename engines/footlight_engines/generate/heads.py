"""How content becomes what the networks see, and back: one head for each kind of content."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import one_hot


class Head:
    """The base. Content is kept small (bytes where possible) and is made into floats batch by batch."""

    def encode(self, content: torch.Tensor) -> torch.Tensor:
        """Kept content (B, ...) as floats (B, C, H, W)."""
        raise NotImplementedError

    def activate(self, logits: torch.Tensor) -> torch.Tensor:
        """What G gives out (B, C, H, W), in the space of `encode`; gradients pass."""
        return torch.tanh(logits)

    def decode(self, made: torch.Tensor) -> NDArray[Any]:
        """From the space of `encode` back to content as it is kept."""
        raise NotImplementedError


class ImageHead(Head):
    """Pictures (B, C, H, W) uint8, colours premultiplied by alpha, in [-1, 1]."""

    def encode(self, content: torch.Tensor) -> torch.Tensor:
        """Bytes to [-1, 1]."""
        return content.float() / 127.5 - 1

    def decode(self, made: torch.Tensor) -> NDArray[Any]:
        """[-1, 1] to bytes."""
        return ((made.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).numpy()


class SurfaceHead(Head):
    """Heights (B, H, W) in [-1, 1]."""

    def encode(self, content: torch.Tensor) -> torch.Tensor:
        """One channel."""
        return content[:, None]

    def decode(self, made: torch.Tensor) -> NDArray[Any]:
        """Without the channel."""
        return made[:, 0].clamp(-1, 1).numpy()


class ChoiceHead(Head):
    """Choices among ``options`` along one axis, one-hot; in training the hard choice, with the gradient of the soft one
    (the straight-through estimator, Bengio et al. 2013)."""

    axis = 1

    def __init__(self, options: int) -> None:
        """With so many options."""
        self.options = options

    def activate(self, logits: torch.Tensor) -> torch.Tensor:
        """One-hot along the axis."""
        soft = torch.softmax(logits.float(), dim=self.axis)
        hard = torch.zeros_like(soft).scatter_(self.axis, soft.argmax(self.axis, keepdim=True), 1.0)
        return hard - soft.detach() + soft


class TileHead(ChoiceHead):
    """Tiles (B, H, W): a channel for each kind."""

    def encode(self, content: torch.Tensor) -> torch.Tensor:
        """(B, K, H, W)."""
        return one_hot(content.long(), self.options).permute(0, 3, 1, 2).float()

    def decode(self, made: torch.Tensor) -> NDArray[Any]:
        """The kind of each tile."""
        return made.argmax(1).to(torch.uint8).numpy()


class VoiceHead(ChoiceHead):
    """Voices (B, V, T): the pitches of all voices are channels, time goes to the right; row 0 is silence."""

    axis = 2

    def encode(self, content: torch.Tensor) -> torch.Tensor:
        """(B, V P, 1, T)."""
        return one_hot(content.long(), self.options).permute(0, 1, 3, 2).float().flatten(1, 2)[:, :, None]

    def activate(self, logits: torch.Tensor) -> torch.Tensor:
        """One-hot for each voice and step."""
        return super().activate(self._by_voice(logits)).flatten(1, 2)[:, :, None]

    def decode(self, made: torch.Tensor) -> NDArray[Any]:
        """The row of each voice and step."""
        return self._by_voice(made).argmax(2).to(torch.uint8).numpy()

    def _by_voice(self, x: torch.Tensor) -> torch.Tensor:
        """(B, V P, 1, T) to (B, V, P, T)."""
        return x[:, :, 0].reshape(len(x), -1, self.options, x.shape[3])


def head_of(kind: str, options: int) -> Head:
    """The head of a kind of content: ``image``, ``surface``, ``tiles`` or ``voices``.

    Raises
    ------
    ValueError
        For another kind.
    """
    match kind:
        case "image":
            return ImageHead()
        case "surface":
            return SurfaceHead()
        case "tiles":
            return TileHead(options)
        case "voices":
            return VoiceHead(options)
    raise ValueError(f"content must be image, surface, tiles or voices, not {kind!r}")


def outside(kind: str) -> float | None:
    """What comes in where content is moved, in the space of `Head.encode`: nothing; None: what leaves on the other side.

    Small things in pictures would be moved out so often that G learned to make empty ones.
    """
    return None if kind == "image" else 0.0


def seeded_latents(seeds: NDArray[np.int64], latent: int, turn: int = 0) -> NDArray[np.float32]:
    """z for each seed: (n, Z). A seed has many, one a turn."""
    rows = [np.random.default_rng(int(s)).standard_normal((turn + 1, latent), np.float32)[turn] for s in seeds]
    return np.stack(rows) if rows else np.empty((0, latent), np.float32)
