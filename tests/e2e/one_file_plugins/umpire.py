"""Level rules that do what the level says."""

from __future__ import annotations

import os
import sys
from typing import Any

from footlight_plugins import Judgement, PartRole, PartSpec, Rules, impl


class Umpire(Rules):
    """Reads its deed from the first line."""

    def judge(self, level: Any) -> Any:
        match level[0]:
            case "raise":
                raise RuntimeError("secret of rules")
            case "exit":
                sys.exit(3)
            case "text":
                return "playable"
            case "die":
                os._exit(7)
        return Judgement(True)


@impl
def register_parts() -> list[PartSpec]:
    return [PartSpec("umpire", PartRole.LEVEL_RULES, "1.0", "Does what the level says.", "umpire:Umpire")]
