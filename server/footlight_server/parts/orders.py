"""Which parts the owner wants, and where: what `--rerank` and its like say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from footlight_plugins import PartRole, PartUnavailable
from footlight_plugins.loader import Plugins
from footlight_plugins.options import OptionError, options_of
from footlight_plugins.parts import PartSpec, part_options

_ORDER = re.compile(r"(?:(?P<deployment>[^=:]+)=)?(?P<name>[^=:]+)(?::(?P<options>.*))?", re.DOTALL)
_HOSTS_OWN = {PartRole.CANDIDATE_SOURCE: ("share",), PartRole.EVENT_LISTENER: ("since", "seconds")}
"""The options that are the host's, not the part's."""
_NEXT = re.compile(r",(?=[A-Za-z_]\w*=)")


class WrongOrder(Exception):
    """The owner asked for a part that cannot be; the message says what there is."""


@dataclass(frozen=True, slots=True)
class PartOrder:
    """One part that is wanted."""

    role: PartRole
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    deployment: str = ""
    """Where; empty for every deployment."""

    def check(self) -> None:
        """Raise WrongOrder where the host itself cannot do what is asked."""
        if self.role is PartRole.EVENT_LISTENER:
            self._check_listener()
        share = self.options.get("share", 0.0)
        if self.role is PartRole.CANDIDATE_SOURCE and not (isinstance(share, int | float) and 0.0 <= share <= 1.0):
            raise WrongOrder(f"{self.role} {self.name!r}: option 'share' must be between 0 and 1, not {share!r}")

    def _check_listener(self) -> None:
        if self.since not in ("now", "start"):
            raise WrongOrder(f"{self.role} {self.name!r}: option 'since' must be now or start, not {self.since!r}")
        seconds = self.options.get("seconds", 1.0)
        if not (isinstance(seconds, int | float) and 0.01 <= seconds <= 3_600.0):
            raise WrongOrder(f"{self.role} {self.name!r}: option 'seconds' must be 0.01 to 3600, not {seconds!r}")

    @property
    def label(self) -> str:
        """Under which name the host keeps how far an event listener has been told."""
        return self.deployment or self.name

    @property
    def since(self) -> str:
        """From where on an event listener is told that was never told anything: "now" or "start"."""
        return str(self.options.get("since", "now"))

    @property
    def share(self) -> float:
        """Of the places of an answer, so many are a candidate source's."""
        return float(self.options.get("share", 0.0))

    @property
    def own_options(self) -> Mapping[str, Any]:
        """What the part itself is told."""
        mine = _HOSTS_OWN.get(self.role, ())
        return {name: value for name, value in self.options.items() if name not in mine}

    @staticmethod
    def of(role: PartRole, text: str) -> PartOrder:
        """Read ``[DEPLOYMENT=]NAME[:OPTION=VALUE,...]``. A value is JSON, or text where it is not.

        >>> PartOrder.of(PartRole.RE_RANKER, "shop=newer:days=14,by=year").options
        {'days': 14, 'by': 'year'}

        Raises
        ------
        WrongOrder
            When it does not read so.
        """
        found = _ORDER.fullmatch(text)
        if found is None:
            raise WrongOrder(f"{role} {text!r} must read [DEPLOYMENT=]NAME[:OPTION=VALUE,...]")
        options = dict(_option(role, one) for one in _NEXT.split(found["options"] or "") if one)
        return PartOrder(role, found["name"], options, found["deployment"] or "")


def _option(role: PartRole, text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise WrongOrder(f"the option {text!r} of a {role} must read OPTION=VALUE")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


@dataclass(frozen=True, slots=True)
class PartsConfig:
    """What the owner says of parts."""

    rerank: tuple[str, ...] = ()
    """Re-rankers, in the order in which they are asked."""
    sources: tuple[str, ...] = ()
    """Candidate sources, in the order in which they are asked."""
    diversify: str = "marginal-relevance"
    """The re-ranker for requests that ask for diversity; empty for none."""
    seconds: float = 1.0
    """How long a part may take over one answer."""
    listeners: tuple[str, ...] = ()
    """Event listeners; before the name stands not a deployment but the label under which its position is kept."""

    @staticmethod
    def of(plain: Mapping[str, Any]) -> PartsConfig:
        """From what JSON made of it."""
        facts: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()
        }
        return PartsConfig(**facts)

    @property
    def orders(self) -> Iterator[PartOrder]:
        """All that is asked for, but for what only some requests need."""
        for text in self.rerank:
            yield PartOrder.of(PartRole.RE_RANKER, text)
        for text in self.sources:
            yield PartOrder.of(PartRole.CANDIDATE_SOURCE, text)

    @property
    def listening(self) -> list[PartOrder]:
        """The event listeners."""
        return [PartOrder.of(PartRole.EVENT_LISTENER, text) for text in self.listeners]

    @property
    def diversifier(self) -> PartOrder | None:
        """What requests that ask for diversity need."""
        return PartOrder.of(PartRole.RE_RANKER, self.diversify) if self.diversify else None


def spec_of(plugins: Plugins, order: PartOrder) -> PartSpec | None:
    """The descriptor of the part that is wanted; None where no plug-in offers it."""
    return next((one for one in plugins.parts if (one.role, one.name) == (order.role, order.name)), None)


def check_orders(plugins: Plugins, config: PartsConfig) -> None:
    """Whether what the owner wants can be had. A part that cannot be imported is for later: the server does without it.

    Raises
    ------
    WrongOrder
        When no plug-in offers a part, or takes an option.
    """
    labels = [order.label for order in config.listening]
    if twice := next((label for label in labels if labels.count(label) > 1), ""):
        raise WrongOrder(f"two event listeners are called {twice!r}: put LABEL= before one of them")
    for order in (*config.orders, *config.listening):
        spec = spec_of(plugins, order)
        if spec is None:
            names = ", ".join(one.name for one in plugins.parts if one.role is order.role) or "none"
            raise WrongOrder(f"no plug-in offers the {order.role} {order.name!r}; there are: {names}")
        order.check()
        try:
            options_of(part_options(spec), order.own_options)
        except PartUnavailable:
            continue
        except OptionError as wrong:
            raise WrongOrder(f"{order.role} {order.name!r}: {wrong}") from wrong
