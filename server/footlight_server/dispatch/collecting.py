"""Corpora: taken in part by part, kept whole or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from footlight_server.corpora.records import CorpusRecord, Rights
from footlight_server.corpora.store import CorpusStore
from footlight_server.corpora.upload import NO_RIGHTS, Upload
from footlight_server.dispatch.asking import Asking, Policy
from footlight_server.errors import InvalidArgument
from footlight_server.log.validation import check_id

MOST_CHUNK_BYTES = 1 << 20
MOST_FILES = 1_000_000


@dataclass(frozen=True, slots=True)
class Header:
    """Opens an upload."""

    name: str
    file_count: int
    """How many files will follow: how an upload that was broken off is told from one that is complete."""
    rights: Rights = NO_RIGHTS


@dataclass(frozen=True, slots=True)
class FilePart:
    """Opens a file of an upload."""

    path: str
    size_bytes: int
    sha256: bytes | None


UploadPart = Header | FilePart | bytes


def _checked_file_count(count: int) -> int:
    if not 1 <= count <= MOST_FILES:
        raise InvalidArgument("header.file_count", f"must be between 1 and {MOST_FILES:,}, not {count}")
    return count


class Collecting:
    """Answers everything about corpora."""

    def __init__(self, corpora: CorpusStore, policy: Policy) -> None:
        self._corpora = corpora
        self._policy = policy

    async def upload(self, asking: Asking, parts: AsyncIterator[UploadPart]) -> CorpusRecord:
        """Store a corpus; when the stream breaks off or something in it is wrong, nothing is kept."""
        self._policy.check(asking, "write")
        upload: Upload | None = None
        expected = arrived = 0
        try:
            async for part in parts:
                if isinstance(part, Header):
                    expected = _checked_file_count(part.file_count)
                arrived += isinstance(part, FilePart)
                upload = self._take(upload, part)
            if upload is None:
                raise InvalidArgument("header", "is required: the stream was empty")
            if arrived != expected:
                raise InvalidArgument("header.file_count", f"says {expected:,}, and {arrived:,} files came")
            return await upload.commit()
        except BaseException:
            if upload is not None:
                upload.abort()
            raise

    def _take(self, upload: Upload | None, part: UploadPart) -> Upload:
        if isinstance(part, Header):
            if upload is not None:
                raise InvalidArgument("header", "must come once, first")
            return self._corpora.begin(part.name, part.rights)
        if upload is None:
            raise InvalidArgument("header", "must come first")
        if isinstance(part, FilePart):
            upload.open(part.path, part.size_bytes, part.sha256)
        elif len(part) > MOST_CHUNK_BYTES:
            raise InvalidArgument("chunk", f"must be at most {MOST_CHUNK_BYTES:,} bytes, not {len(part):,}")
        else:
            upload.write(part)
        return upload

    def list(self, asking: Asking, page_size: int, page_token: str) -> tuple[Sequence[CorpusRecord], str]:
        """One page of corpora, newest first."""
        self._policy.check(asking, "read")
        return self._corpora.list(page_size, page_token)

    async def delete(self, asking: Asking, corpus_id: str) -> None:
        """Remove a corpus."""
        self._policy.check(asking, "write")
        await self._corpora.delete(check_id("corpus_id", corpus_id))
