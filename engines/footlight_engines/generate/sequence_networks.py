"""Networks for what goes on in time: convolutions along time alone, over all pitches of all voices at once.

Whether notes agree is a matter of all voices and of the whole scale, so every layer sees all of them: pitches are channels,
not places of a picture.
"""

from __future__ import annotations

import torch
from torch import nn

from footlight_engines.generate.plan import Plan, Scored, Seeded

OCTAVE = 12


class SequenceGenerator(Seeded):
    """Doubles the length by repeating steps, then convolves."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        channels = plan.stage(0)
        layers: list[nn.Module] = [nn.BatchNorm1d(channels), nn.ReLU()]
        for _ in range(plan.octaves):
            layers += [nn.Upsample(scale_factor=2, mode="nearest")]
            layers += [nn.Conv1d(channels, channels, 3, padding=1), nn.BatchNorm1d(channels), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv1d(channels, plan.channels, 3, padding=1))

    def forward(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(B, Z) and (B,) to logits (B, V P, 1, T)."""
        made: torch.Tensor = self.layers(self.begin(self.told(z, labels))[:, :, 0])
        return made[:, :, None, : self.plan.width]


class SequenceDiscriminator(Scored):
    """Looks at the notes, at where they begin, how far they leap and where voices cross, and at how often each note of the
    scale sounds."""

    def __init__(self, plan: Plan) -> None:
        channels, length = plan.stage(0), plan.width
        inputs = plan.channels + 3 * plan.voices - 1
        layers: list[nn.Module] = [nn.Conv1d(inputs, channels, 3, padding=1), nn.LeakyReLU(0.2)]
        for _ in range(plan.octaves):
            layers += [nn.Conv1d(channels, channels, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
            length //= 2
        super().__init__(plan, channels * length + channels)
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.scale = nn.Sequential(nn.Linear(OCTAVE, channels), nn.LeakyReLU(0.2))
        self._voices = plan.voices

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Notes (B, V P, 1, T) and (B,) to (B, 1)."""
        notes = x[:, :, 0]
        roll = notes.view(len(notes), self._voices, -1, notes.shape[2])  # (B, V, P, T)
        seen = torch.cat([notes, *_motion_of(roll)], dim=1)
        return self.end(torch.cat([self.layers(seen), self.scale(_scale_of(roll))], dim=1), labels)


def _motion_of(roll: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Of notes (B, V, P, T): where they begin (B, V, T), how far they leap (B, V, T), and how far each voice lies above the
    one before it, which should be higher (B, V - 1, T); in octaves, silence counts as 0."""
    begun = 1 - (roll[..., 1:] * roll[..., :-1]).sum(2)
    rows = torch.arange(roll.shape[2], device=roll.device, dtype=roll.dtype)[:, None]
    heights, sounding = (roll * rows).sum(2) / OCTAVE, 1 - roll[:, :, 0]
    leaps = (heights[..., 1:] - heights[..., :-1]).abs() * sounding[..., 1:] * sounding[..., :-1]
    crossings = torch.relu(heights[:, 1:] - heights[:, :-1]) * sounding[:, 1:] * sounding[:, :-1]
    return nn.functional.pad(begun, (1, 0)), nn.functional.pad(leaps, (1, 0)), crossings


def _scale_of(roll: torch.Tensor) -> torch.Tensor:
    """How often each of the 12 notes sounds, in any octave: (B, V, P, T) with silence in row 0 to (B, 12), 1 on average."""
    sounding = roll[:, :, 1:].sum((1, 3))  # (B, P - 1)
    octaves = nn.functional.pad(sounding, (0, -sounding.shape[1] % OCTAVE))
    return octaves.view(len(roll), -1, OCTAVE).sum(1) * (OCTAVE / (roll.shape[1] * roll.shape[3]))
