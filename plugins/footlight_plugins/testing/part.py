"""What is asked of every part, whatever its role."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from footlight_plugins import PartSpec
from footlight_plugins.parts import PART_ROLES, made
from footlight_plugins.testing.offer import OfferSuite


class PartSuite(OfferSuite):
    """The part that the suites of parts share; inherit one of the others."""

    spec: ClassVar[PartSpec]
    """The part under test."""

    def part_class(self) -> type[Any]:
        """The class that the spec's factory names."""
        return self.named_class()

    def offered_class(self) -> type[Any]:
        """The part's class."""
        return self.part_class()

    def new(self) -> Any:
        """A new instance, made as the host makes it."""
        if self.part_class() is self.named_class():
            return made(self.spec, self.options)
        return self.part_class()(self.chosen_options())

    def maker(self, folder: Path) -> Callable[[], Any]:
        """Makes instances."""
        return self.new

    def test_it_is_a_class_of_its_role(self) -> None:
        assert issubclass(self.part_class(), PART_ROLES[self.spec.role])
