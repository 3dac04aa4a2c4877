"""Differentiable augmentation (Zhao et al. 2020): D sees real and generated content only through these changes, so that it
cannot learn few samples by heart, and G is not taught to make them."""

from __future__ import annotations

import torch


def translated(x: torch.Tensor, share: float, fill: float | None, generator: torch.Generator) -> torch.Tensor:
    """Move each sample by up to ``share`` of its size: (B, C, H, W).

    ``fill`` comes in from outside; None: what leaves at one edge comes in at the other, so that nothing gets lost.
    """
    batch, _, height, width = x.shape
    reach = max(1, round(height * share)), max(1, round(width * share))
    dy = torch.randint(-reach[0], reach[0] + 1, (batch, 1), generator=generator).to(x.device)
    dx = torch.randint(-reach[1], reach[1] + 1, (batch, 1), generator=generator).to(x.device)
    rows = torch.arange(height, device=x.device)[None] + dy  # (B, H)
    columns = torch.arange(width, device=x.device)[None] + dx  # (B, W)
    if fill is None:
        rows, columns = rows % height, columns % width
    else:
        x = torch.nn.functional.pad(x, (reach[1], reach[1], reach[0], reach[0]), value=fill)
        rows, columns = rows + reach[0], columns + reach[1]
    sample = torch.arange(batch, device=x.device)[:, None, None]
    return x.permute(0, 2, 3, 1)[sample, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def cut_out(x: torch.Tensor, share: float, fill: float, generator: torch.Generator) -> torch.Tensor:
    """Cover a rectangle of ``share`` of each side: (B, C, H, W)."""
    batch, _, height, width = x.shape
    size = round(height * share), round(width * share)
    top = torch.randint(-size[0] // 2, height - size[0] // 2, (batch, 1), generator=generator).to(x.device)
    left = torch.randint(-size[1] // 2, width - size[1] // 2, (batch, 1), generator=generator).to(x.device)
    rows, columns = torch.arange(height, device=x.device)[None], torch.arange(width, device=x.device)[None]
    covered = ((rows >= top) & (rows < top + size[0]))[:, None, :, None] & (
        (columns >= left) & (columns < left + size[1])
    )[:, None, None, :]
    return x.masked_fill(covered, fill)


def recoloured(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Change brightness, saturation and contrast of the colours; alpha stays. For photographs: (B, C, H, W)."""
    amounts = torch.rand(3, len(x), 1, 1, 1, generator=generator).to(x.device)
    colour, alpha = x[:, :3], x[:, 3:]
    colour = colour + amounts[0] - 0.5
    grey = colour.mean(1, keepdim=True)
    colour = (colour - grey) * (2 * amounts[1]) + grey
    middle = colour.mean((1, 2, 3), keepdim=True)
    colour = (colour - middle) * (0.5 + amounts[2]) + middle
    return torch.cat([colour, alpha], dim=1)


def augmented(x: torch.Tensor, policy: tuple[str, ...], fill: float | None, generator: torch.Generator) -> torch.Tensor:
    """Apply the changes that the policy names: ``translation``, ``cutout``, ``colour``.

    ``fill`` is what moves in from outside, see `translated`. What covers is 0, which is no content: a covered picture must
    not look like an empty one, or G would learn to make those.
    """
    if "colour" in policy and x.shape[1] >= 3:
        x = recoloured(x, generator)
    if "translation" in policy:
        x = translated(x, 1 / 8, fill, generator)
    if "cutout" in policy:
        x = cut_out(x, 1 / 2, 0.0, generator)
    return x
