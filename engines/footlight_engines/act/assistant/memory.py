"""What a conversation has come to. The host keeps it as JSON between two turns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from footlight_engines.act.assistant.slots import UNWANTED, WANTED, Slot

DEEPEST = 8
"""So many turns can be undone."""
MOST_ITEMS = 500
"""So many items of each sort are remembered, the latest."""
LEFT_OUT = "left out"
"""What a reply has asked for that found nothing more: which wish may be left out."""
SINGLE = (
    "kind", "era", "duration", "platform", "price", "difficulty", "players", "score", "language", "subtitles", "year",
    "about",
)  # fmt: skip
"""Slots of which a new value takes the place of the one before."""
OPPOSITE = {
    "light": ("dark", "sad", "scary"), "dark": ("light", "funny"), "funny": ("sad", "dark"), "sad": ("funny", "light"),
    "relaxing": ("exciting", "suspenseful", "scary", "violent"), "exciting": ("relaxing",), "scary": ("light",),
    "heartwarming": ("dark",),
}  # fmt: skip
"""Moods that exclude each other: a wish for one takes the place of one for another."""
_DOUBTFUL = ("about", "tag")
"""Slots that words were guessed to mean."""
LASTING = ("age", "platform", "players", "price", "language", "subtitles")
"""Slots that a new wish leaves as they are, beside everything that is unwanted."""


@dataclass(frozen=True, slots=True)
class Want:
    """One thing that was said about what is wanted."""

    name: str
    value: str
    polarity: int = WANTED
    item: int = -1
    turn: int = 0


@dataclass(slots=True)
class Memory:
    """Everything that later turns can refer to."""

    turn: int = 0
    language: str = ""
    query: str = ""
    """The last wish in the person's own words, for search."""
    wants: tuple[Want, ...] = ()
    likes: tuple[int, ...] = ()
    """Items that something like is wanted of."""
    last: tuple[int, ...] = ()
    """The items of the last list, in order."""
    focus: int = -1
    """The item that "it" means."""
    shown: tuple[int, ...] = ()
    accepted: tuple[int, ...] = ()
    rejected: tuple[int, ...] = ()
    seen: tuple[int, ...] = ()
    asked: str = ""
    """The slot that the last reply asked for; empty where it asked for none."""
    asks: int = 0
    """How many replies in a row have asked."""
    use: str = ""
    """Whether something to watch, play or listen to is wanted, where no kind was named."""
    either: tuple[str, ...] = ()
    """The slots of which any of the values that are wanted will do."""
    loose: int = -1
    """Which of the wants a yes lets go; -1 where it is the newest."""
    lists: tuple[tuple[int, ...], ...] = ()
    """The latest lists, the last one of them included."""
    compared: tuple[int, ...] = ()
    """The items that were compared last, or spoken of together: what "the other one" is of."""
    singled: bool = False
    """Whether the item in focus was singled out, rather than only the first of a list."""
    question: str = ""
    """What was asked last of an item, in normalised words."""
    traditional: bool = False
    """Whether the person writes traditional characters."""
    apart: tuple[int, ...] = ()
    """Items that something different from is wanted."""
    suited: tuple[str, ...] = ()
    """The moods that only a circumstance suggests: a rainy day, a meal."""
    unsure: tuple[int, ...] = ()
    """Items of one title, where the last reply asked which was meant."""
    before: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    """What it was before the latest turns that changed it, for undo."""

    @staticmethod
    def restored(saved: Mapping[str, Any]) -> Memory:
        """What `saved` wrote; a new memory from an empty mapping."""
        known = {name: _frozen(value) for name, value in saved.items() if name in Memory.__slots__}
        if "wants" in known:
            known["wants"] = tuple(Want(*want) for want in saved["wants"])
        if "lists" in known:
            known["lists"] = tuple(tuple(one) for one in saved["lists"])
        return Memory(**known)

    def saved(self) -> dict[str, Any]:
        """What JSON can hold of it."""
        plain = {name: getattr(self, name) for name in Memory.__slots__}
        return plain | {"wants": [[w.name, w.value, w.polarity, w.item, w.turn] for w in self.wants]}

    def remember(self) -> None:
        """Keep what it is now, so that `undone` comes back to it."""
        self.before = (*self.before, self.saved() | {"before": ()})[-DEEPEST:]

    def undone(self) -> Memory | None:
        """What it was before the last change; None where nothing is left to undo."""
        if not self.before:
            return None
        return replace(
            Memory.restored(self.before[-1]), before=self.before[:-1], turn=self.turn, language=self.language
        )

    def forget_wishes(self) -> None:
        """A new wish begins: what is unwanted stays, and so does who watches, and where."""
        self.wants = tuple(want for want in self.wants if want.polarity == UNWANTED or want.name in LASTING)
        self.likes, self.unsure, self.either, self.apart = (), (), (), ()

    def retract(self, names: Set[str]) -> None:
        """The turn before was misread in some slots: what it said of them goes, and what it only seemed to leave out."""
        misread = {*names, *_DOUBTFUL}
        self.wants = tuple(want for want in self.wants if want.turn < self.turn - 1 or want.name not in misread)
        self.likes = () if "title" in names else self.likes

    def suits(self, moods: tuple[str, ...]) -> None:
        """Moods that a circumstance suggests, or none any more: they take the place of the ones before."""
        gone = {want for want in self.positive if want.name == "mood" and want.value in self.suited}
        self.wants, self.suited = tuple(want for want in self.wants if want not in gone), moods

    def turn_to_other_kind(self) -> None:
        """Another sort of thing is looked for: of what was said of the one before, only tastes and who watches hold."""
        self.wants = tuple(want for want in self.wants if want.name == "age" or _is_distaste(want))
        self.likes, self.unsure, self.either, self.use, self.query = (), (), (), "", ""

    def want(self, slots: Iterable[Slot]) -> None:
        """Take over what was said; of things that exclude each other, the later holds."""
        for slot in slots:
            new = Want(slot.name, slot.value, slot.polarity, slot.item, self.turn)
            also = slot.name in self.either
            self.wants = (*(want for want in self.wants if not _excludes(new, want, also)), new)

    def leave_out(self) -> None:
        """Do without what stands in the way, or else without the newest thing that is wanted."""
        if 0 <= self.loose < len(self.wants):
            self.wants = (*self.wants[: self.loose], *self.wants[self.loose + 1 :])
        elif self.positive:
            newest = self.positive[-1]
            self.wants = tuple(want for want in self.wants if want is not newest)
        self.likes, self.loose = self.likes if self.positive else (), -1

    def no_longer(self, *names: str) -> None:
        """What was wanted of some slots is wanted no longer; what is unwanted stays."""
        self.wants = tuple(want for want in self.wants if want.name not in names or want.polarity == UNWANTED)

    def wanted(self, name: str, polarity: int = WANTED) -> list[str]:
        """The values of a slot."""
        return [want.value for want in self.wants if want.name == name and want.polarity == polarity]

    @property
    def positive(self) -> list[Want]:
        """What is wanted."""
        return [want for want in self.wants if want.polarity == WANTED]

    def show(self, items: Sequence[int]) -> None:
        """A list was shown."""
        self.last, self.focus, self.unsure = tuple(items), items[0] if items else -1, ()
        self.shown = _added(self.shown, items)
        self.lists = (*self.lists, tuple(items))[-DEEPEST:]
        self.singled, self.compared = len(items) == 1, tuple(items) if len(items) == 2 else ()

    def single_out(self, items: Sequence[int]) -> None:
        """The talk is about one item now, or about some together."""
        known = {*self.compared} if self.singled else {*self.last, *self.compared}
        if items and self.focus >= 0 and len(items) == 1 and not {self.focus, items[0]} <= known:
            self.compared = (self.focus, items[0])
        if items:
            self.focus, self.singled = items[0], len(items) == 1
        if len(items) > 1:
            self.compared = tuple(items)

    def accept(self, item: int) -> None:
        self.accepted, self.focus, self.singled = _added(self.accepted, [item]), item, True

    def reject(self, items: Iterable[int]) -> None:
        self.rejected = _added(self.rejected, items)

    def saw(self, items: Iterable[int]) -> None:
        self.seen = _added(self.seen, items)


def _added(known: tuple[int, ...], items: Iterable[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys((*known, *items)))[-MOST_ITEMS:]


def _excludes(new: Want, old: Want, also: bool) -> bool:
    """Whether a new statement takes the place of an old one."""
    if new.name != old.name:
        return False
    return new.value.casefold() == old.value.casefold() or (
        new.name in SINGLE and not also and new.polarity == old.polarity == WANTED
    )


def _is_distaste(want: Want) -> bool:
    """Whether it is unwanted whatever is looked for: who hates horror plays none either, but old games may do."""
    return want.polarity == UNWANTED and want.name in ("genre", "mood", "people", "theme")


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
