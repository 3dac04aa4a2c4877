"""Files of levels: one symbol a tile, one line a row."""

from __future__ import annotations

from footlight_engines.generate.corpus_files import bytes_of
from footlight_plugins import CorpusFile

Levels = list[list[str]]


def read_levels(text: str) -> Levels:
    """The levels of a file: rows of one length, set apart by empty lines or by lines that begin with a semicolon."""
    levels: Levels = [[]]
    for line in text.splitlines():
        if not line.strip() or line.startswith(";"):
            if levels[-1]:
                levels.append([])
        else:
            levels[-1].append(line)
    width = {id(level): max(map(len, level), default=0) for level in levels}
    return [[row.ljust(width[id(level)]) for row in level] for level in levels if level]


def read_level_file(file: CorpusFile) -> Levels:
    """The levels of one file.

    Raises
    ------
    ValueError
        When it is no text, or has no level; the message names it.
    """
    try:
        text = bytes_of(file).decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{file.path}: expected levels as UTF-8 text: {error}") from error
    if "\0" in text:
        raise ValueError(f"{file.path}: expected levels as text")
    if not (levels := read_levels(text)):
        raise ValueError(f"{file.path}: it has no level: expected a symbol a tile, a line a row")
    return levels
