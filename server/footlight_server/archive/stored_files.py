"""The bytes of corpora and assets, copied out of the store under names that their owner knows."""

from __future__ import annotations

import mimetypes
import shutil
from pathlib import Path, PurePosixPath

from sqlalchemy import Connection, select

from footlight_server.archive.layout import Progress
from footlight_server.corpora.blobs import Blobs
from footlight_server.errors import Unavailable
from footlight_server.log.schema import ASSETS, CORPUS_FILES


def copy_files(connection: Connection, tenant: str, data_dir: Path, out: Path, progress: Progress) -> None:
    """Files of corpora to ``corpora/CORPUS/PATH``, assets to ``assets/ASSET.ENDING``.

    Raises
    ------
    Unavailable
        When a file was deleted while the export was made; the message names it.
    """
    corpora, assets = Blobs(data_dir / "corpora" / "blobs"), Blobs(data_dir / "assets" / "blobs")
    f, a = CORPUS_FILES.c, ASSETS.c
    files = connection.execute(select(f.corpus_id, f.path, f.sha256).where(f.tenant == tenant)).all()
    made = connection.execute(select(a.asset_id, a.media_type, a.sha256).where(a.tenant == tenant)).all()
    copies = [(corpora.location(row.sha256), _inside(out / "corpora" / row.corpus_id, row.path)) for row in files]
    copies += [
        (assets.location(row.sha256.hex()), out / "assets" / _named(row.asset_id, row.media_type)) for row in made
    ]
    for number, (source, target) in enumerate(copies, 1):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(source, target)
        except FileNotFoundError:
            raise Unavailable(f"{target.relative_to(out)} was deleted while it was exported: export again") from None
        progress("files", number, len(copies))


def _inside(folder: Path, path: str) -> Path:
    """A path below a folder, whatever the path says."""
    return folder.joinpath(*(part for part in PurePosixPath(path).parts if part not in ("/", "..")))


def _named(asset_id: str, media_type: str) -> str:
    return f"{asset_id}{mimetypes.guess_extension(media_type) or ''}"
