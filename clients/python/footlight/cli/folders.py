"""`footlight import FOLDER`: what `footlight export` wrote comes into a server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from footlight.cli.exported import Export, ExportedItem
from footlight.cli.session import Session
from footlight.types import Item, PutItems, RecordedEvents


@dataclass(frozen=True)
class ImportedFolder:
    """What a folder brought."""

    items: PutItems
    events: RecordedEvents
    deleted: int
    """Items that had been deleted: they came for the sake of their events, and are deleted here too."""
    corpora: int = 0


def import_folder(session: Session, folder: Path) -> None:
    """Items first, then events, then what had been deleted is deleted, then corpora. All of it can be repeated."""
    export = Export.of(folder)
    live = frozenset(item.item_id for item in session.client.items())
    gone: list[str] = []
    items = _put(session, export, live, gone)
    events = _record(session, export)
    for item_id in gone:
        session.client.delete_item(item_id)
    imported = ImportedFolder(items, events, len(gone), _upload(session, export))
    session.show(imported, lambda: "\n".join(_lines(imported)))


def _put(session: Session, export: Export, live: frozenset[str], gone: list[str]) -> PutItems:
    """A deleted item does not take the place of one that lives in this server; `gone` gets the others."""

    def wanted(items: Iterator[ExportedItem]) -> Iterator[Item]:
        for one in items:
            if one.deleted and one.item.item_id in live:
                continue
            if one.deleted:
                gone.append(one.item.item_id)
            yield one.item

    with session.progress() as progress:
        tracked = progress.track(export.items(), total=export.rows["items"], description="Writing items")
        return session.client.put_items(wanted(iter(tracked)))


def _record(session: Session, export: Export) -> RecordedEvents:
    with session.progress() as progress:
        tracked = progress.track(export.events(), total=export.rows["events"], description="Writing events")
        return session.client.record_events(tracked)


def _upload(session: Session, export: Export) -> int:
    """The corpora; one that is there already stays as it is, since the same files are the same corpus."""
    corpora = list(export.corpora())
    for corpus in corpora:
        session.client.upload_corpus(corpus.name, corpus.folder, rights=corpus.rights)
    return len(corpora)


def _lines(imported: ImportedFolder) -> Iterator[str]:
    items, events = imported.items, imported.events
    yield f"items: {items.created:,} new, {items.updated:,} replaced"
    yield f"events: {events.recorded:,} recorded, {events.duplicates:,} recorded before"
    if imported.deleted:
        yield f"  {imported.deleted:,} items had been deleted, and are deleted here as well"
    if imported.corpora:
        yield f"corpora: {imported.corpora:,} uploaded"
