"""A folder, a file or a mapping becomes the stream of an upload."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path

from footlight._wire.calls import Stoppable, Upload
from footlight._wire.generation import corpus_from_wire
from footlight.types import Corpus, Rights
from footlight.v1 import generation_pb2 as pb

CHUNK_BYTES = 512 << 10

# A file whose byte never comes: the server refuses the whole upload.
_UNFINISHED = pb.UploadCorpusRequest(file=pb.CorpusFile(path="unfinished", size_bytes=1))

CorpusSource = str | Path | Mapping[str, bytes]
UploadProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file to send: its path in the corpus, its size in bytes, its SHA-256, and where its bytes are."""

    path: str
    size: int
    digest: bytes
    source: Path | bytes

    def chunks(self) -> Iterator[bytes]:
        if isinstance(self.source, bytes):
            yield from (self.source[at : at + CHUNK_BYTES] for at in range(0, self.size, CHUNK_BYTES))
            return
        with self.source.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


def upload_corpus(
    name: str, source: CorpusSource, progress: UploadProgress | None, rights: Rights | None = None
) -> Upload[pb.UploadCorpusResponse, Corpus]:
    """Reads and hashes everything first, so that a file that cannot be read stops the upload before it begins.

    Raises:
        FileNotFoundError: there is nothing at the path.
        ValueError: there is no file, or a file is empty.
    """
    files = source_files(source)
    return Upload(
        "GenerationService/UploadCorpus",
        Stoppable(_messages(_header(name, files, rights), files, progress), _UNFINISHED),
        pb.UploadCorpusResponse,
        lambda answer: corpus_from_wire(answer.corpus),
    )


def source_files(source: CorpusSource) -> list[SourceFile]:
    """The files of a source by path. Files and folders whose name starts with a dot are left out."""
    files = _from_mapping(source) if isinstance(source, Mapping) else _from_path(Path(source))
    if not files:
        raise ValueError(f"expected at least one file to upload, found none in {source!s}")
    for file in files:
        if file.size == 0:
            raise ValueError(f"expected files of at least one byte, {file.path} is empty")
    return files


def _from_mapping(contents: Mapping[str, bytes]) -> list[SourceFile]:
    return [SourceFile(path, len(data), sha256(data).digest(), bytes(data)) for path, data in sorted(contents.items())]


def _from_path(root: Path) -> list[SourceFile]:
    if not root.exists():
        raise FileNotFoundError(f"there is no file or folder {root}")
    if root.is_file():
        return [_from_file(root, root.name)]
    found = sorted(path for path in root.rglob("*") if path.is_file())
    names = [(path, path.relative_to(root)) for path in found]
    return [_from_file(path, name.as_posix()) for path, name in names if not _hidden(name)]


def _hidden(name: Path) -> bool:
    return any(part.startswith(".") for part in name.parts)


def _from_file(path: Path, name: str) -> SourceFile:
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").digest()
        return SourceFile(name, file.tell(), digest, path)


def _header(name: str, files: list[SourceFile], rights: Rights | None) -> pb.CorpusHeader:
    header = pb.CorpusHeader(name=name, file_count=len(files))
    if rights is not None:
        header.rights.CopyFrom(
            pb.CorpusRights(holder=rights.holder, licence=rights.licence, statement=rights.statement)
        )
    return header


def _messages(
    header: pb.CorpusHeader, files: list[SourceFile], progress: UploadProgress | None
) -> Iterator[pb.UploadCorpusRequest]:
    total, sent = sum(file.size for file in files), 0
    yield pb.UploadCorpusRequest(header=header)
    for file in files:
        opened = pb.CorpusFile(path=file.path, size_bytes=file.size, sha256=file.digest)
        yield pb.UploadCorpusRequest(file=opened)
        for chunk in file.chunks():
            yield pb.UploadCorpusRequest(chunk=chunk)
            sent += len(chunk)
            if progress is not None:
                progress(sent, total)
