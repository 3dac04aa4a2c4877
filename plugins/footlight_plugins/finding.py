"""Parts by name, as an engine asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from footlight_plugins.judging import AskedRules
from footlight_plugins.parts import PartRole, made, part_spec
from footlight_plugins.rules import Rules


def find_part(role: PartRole, name: str, options: Mapping[str, Any] | None = None) -> Any:
    """A new instance of a part, with options where it takes any. Of level rules it is what `find_rules` gives.

    Raises
    ------
    PartUnavailable
        When nobody offers it, something that it needs is missing, it is no class of the role, or it cannot be made.
    PartFailed
        When level rules take more than 60 s to be made.
    OptionError
        For the first option that is unknown or wrong.

    Example
    -------
    ::

        for spec in parts_of(PartRole.RE_RANKER):
            assert isinstance(find_part(PartRole.RE_RANKER, spec.name), ReRanker)
    """
    spec = part_spec(role, name)
    return AskedRules.of(spec, options or {}) if role is PartRole.LEVEL_RULES else made(spec, options or {})


def find_rules(name: str) -> Rules:
    """The level rules of this name that a plug-in offers, each question put to them on a thread with 10 s of time.

    They have 60 s to be imported and made. Where the host has given their plug-in a process, they are in that. Whatever
    they do wrong is a `PartFailed` that names them and their plug-in: let it through, and the host will say whose fault it
    is.

    Raises
    ------
    PartUnavailable, PartFailed
        As `find_part` does.

    Example
    -------
    ::

        for spec in parts_of(PartRole.LEVEL_RULES):
            assert isinstance(find_rules(spec.name).judge(["#@.#"]), Judgement)
    """
    return AskedRules.of(part_spec(PartRole.LEVEL_RULES, name), {})
