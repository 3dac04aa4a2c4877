"""Rankings of many people as one array."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Lists:
    """What people were answered, best first."""

    users: NDArray[np.int32]
    """Shape (people,)."""
    items: NDArray[np.int32]
    """Shape (people, ranks); -1 beyond the end of a list."""

    def __len__(self) -> int:
        return len(self.users)
