"""What the parts have in common that a deployment, an agent or a server names with options."""

from __future__ import annotations

from typing import ClassVar

from footlight_plugins.contract import Options


class Part:
    """The base of re-rankers, candidate sources, reward shapers and event listeners.

    The host never calls two methods of one instance at the same time, and calls each part on a thread of its own. Where a
    part raises, hangs or returns something else than it must, what it was asked for goes out without it.

    Example
    -------
    ::

        class HalfLife(Options):
            days: float = 30.0

        class Fading(ReRanker):
            options_type = HalfLife
            dates = True

            def order(self, shortlist):
                age = (shortlist.time - shortlist.created) / 86_400e6
                return np.argsort(age > self.options.days, kind="stable")[: shortlist.count]
    """

    options_type: ClassVar[type[Options]] = Options
    """The part's options; override it with a subclass of `footlight_plugins.Options`."""

    def __init__(self, options: Options) -> None:
        """Make a part; the options, an instance of ``options_type``, are kept as ``options``.

        Example
        -------
        ::

            assert ReRanker.options_type() == Options()
        """
        self.options = options
