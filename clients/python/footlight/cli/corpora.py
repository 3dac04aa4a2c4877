"""`footlight corpus upload`, `list`, `delete`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from footlight.cli.command import command
from footlight.cli.session import Session
from footlight.cli.tables import size, table
from footlight.types import Corpus, Rights


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(help="Files that generators learn from.", no_args_is_help=True)
    command(group, "upload", "footlight corpus upload ./levels --name levels")(upload)
    command(group, "list", "footlight corpus list")(list_corpora)
    command(group, "delete", "footlight corpus delete CORPUS_ID")(delete)
    app.add_typer(group, name="corpus")


def upload(
    session: Session,
    path: Annotated[Path, typer.Argument(exists=True, help="A folder, or one file.", show_default=False)],
    name: Annotated[str, typer.Option(help="What to call it. The path's own name where none is given.")] = "",
    holder: Annotated[str, typer.Option(help="Who holds the rights in the files.")] = "",
    licence: Annotated[str, typer.Option(help="Their licence, best by its SPDX identifier, such as CC0-1.0.")] = "",
    statement: Annotated[str, typer.Option(help="Anything more about the rights.")] = "",
) -> None:
    """Uploads a folder or a file. The same files give the same corpus. Assets inherit what is declared about rights."""
    rights = Rights(holder, licence, statement) if holder or licence or statement else None
    names = {corpus.corpus_id: corpus.name for corpus in session.client.corpora()}
    corpus = upload_with_progress(session, path, name, rights)
    before = names.get(corpus.corpus_id, corpus.name)
    if before != corpus.name:
        session.say(f"The same files were there as {before}: that corpus is called {corpus.name} from now on.")
    session.show(corpus, lambda: _line(corpus))


def list_corpora(session: Session) -> None:
    """What was uploaded, newest first."""
    corpora = list(session.client.corpora())
    rows = [
        (one.corpus_id, one.name, one.file_count, size(one.size_bytes), one.create_time, one.rights.licence)
        for one in corpora
    ]
    session.show(corpora, lambda: table(("corpus", "name", "#files", "#size", "uploaded", "licence"), rows))


def delete(session: Session, corpus: Annotated[str, typer.Argument(help="The corpus id.", show_default=False)]) -> None:
    """Removes a corpus. Models that learned from it stay."""
    session.client.delete_corpus(corpus)
    session.show({"deleted": corpus}, lambda: f"Deleted {corpus}.")


def upload_with_progress(session: Session, path: Path, name: str = "", rights: Rights | None = None) -> Corpus:
    """Uploads with a bar."""
    title = name or path.resolve().name
    with session.progress() as progress:
        task = progress.add_task(f"Uploading {title}", total=None)
        return session.client.upload_corpus(
            title,
            path,
            rights=rights,
            on_progress=lambda sent, total: progress.update(task, completed=sent, total=total),
        )


def _line(corpus: Corpus) -> str:
    return f"{corpus.corpus_id}  {corpus.name}: {corpus.file_count:,} files, {size(corpus.size_bytes)}"
