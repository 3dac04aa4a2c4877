"""Levels: text in, text and a picture out; what is served has been solved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from footlight_engines.generate.augmentation import dihedral
from footlight_engines.generate.conv_engine import ConvEngine, Model
from footlight_engines.generate.conv_options import LevelGanOptions
from footlight_engines.generate.corpus_files import read_files
from footlight_engines.generate.level_files import Levels, read_level_file
from footlight_engines.generate.levels import Judgement, Rules, colour_of, rules_of
from footlight_engines.generate.material import Material
from footlight_engines.provenance.pictures import write_png
from footlight_plugins import Call, Content, Corpus, CorpusFile, Domain, NotMade, Samples, Wish

MOST_SYMBOLS = 64
LARGEST_SIDE = 64
TILE = 8
"""Pixels of a tile in the picture."""
MEASURED = 200


class LevelGan(ConvEngine):
    """Learns levels of one size. A level that the rules cannot play is drawn again, and counted."""

    options_type = LevelGanOptions
    name = "level-gan"

    def material(self, corpus: Corpus) -> tuple[Material, Mapping[str, Any], Mapping[str, float]]:
        """The levels; see `read_levels`. Files below ``heldout/`` are not learned from."""
        files = read_files(corpus, read_level_file)
        train, heldout, symbols, _ = _grids(files.read)
        rules, judge = rules_of(self._options.rules, frozenset(symbols))
        shape = (len(symbols), *train.shape[1:])
        labels, square = np.zeros(len(train), np.int64), shape[1] == shape[2]
        material = Material(
            "tiles",
            len(symbols),
            shape,
            train,
            labels,
            heldout=heldout,
            vary=_turned if square and judge.turns else _mirrored,
            broken=files.broken,
        )
        some = [_rows(grid, symbols) for grid in train[:MEASURED]]
        playable = float(np.mean([judge.judge(level).playable for level in some]))
        meta = {"symbols": symbols, "rules": rules, "counts": _fixed_counts(train, len(symbols))}
        if rules != "none":  # then what is best is what can be played most often
            material = replace(material, flaw=lambda logits: _unplayable(_tiles(logits, meta), symbols, judge))
        return material, meta, {"playable_in_corpus": playable}

    def train(self, corpus: Corpus, run: Any) -> Mapping[str, float]:
        """Learn, and measure which share of the draws can be played."""
        figures = super().train(corpus, run)
        model = self.trained()
        drawn, rules = self.drawn(np.arange(MEASURED, dtype=np.int64)), _rules_in(model)
        judged = [_judged(grid, model.meta["symbols"], rules)[1] for grid in drawn]
        return {**figures, "playable_share": float(np.mean([one.playable for one in judged]))}

    def generate_as(self, seeds: NDArray[np.int64], wish: Wish, call: Call) -> list[Content]:
        """Levels that can be played, one a seed. A seed's further draws follow from it alone."""
        model = self.trained()
        rules = _rules_in(model)
        if len(seeds) and seeds.min() < 0:
            raise ValueError(f"seed {seeds.min()} must be 0 or more")
        made: dict[int, Content] = {}
        why: Counter[str] = Counter()
        for attempt in range(self._options.attempts):
            waiting = [place for place in range(len(seeds)) if place not in made]
            if not waiting:
                break
            call.check()
            draws = np.array([_further(int(seeds[place]), attempt) for place in waiting], np.int64)
            for place, grid in zip(waiting, self.drawn(draws, wish), strict=True):
                level, judgement = _judged(grid, model.meta["symbols"], rules)
                if judgement.playable:
                    made[place] = _content(level, judgement, rules, model.meta, attempt)
                else:
                    why[judgement.reason] += 1
        if len(made) < len(seeds):
            common = "; ".join(f"{count} times {reason}" for reason, count in why.most_common(3))
            raise NotMade(
                f"no level that can be played in {self._options.attempts} draws: {common}; train it for longer, or raise "
                "its option attempts"
            )
        return [made[place] for place in range(len(seeds))]

    def contents(self, arrays: NDArray[Any], seeds: Sequence[int], model: Model) -> list[Content]:
        """Levels as they are, for the way from one seed to another; each says whether it can be played."""
        rules = _rules_in(model)
        judged = [_judged(grid, model.meta["symbols"], rules) for grid in arrays]
        return [_content(level, judgement, rules, model.meta, 0) for level, judgement in judged]

    def samples(self, corpus: Corpus) -> Samples:
        """The levels; see `Generator.samples`."""
        files = read_files(corpus, read_level_file)
        train, heldout, _, names = _grids(files.read, self._model.meta["symbols"] if self._model else "")
        return Samples(Domain.GRID, train, heldout, names)

    def chosen(self, logits: torch.Tensor, model: Model) -> NDArray[Any]:
        """The tiles (n, H, W); see `_tiles`."""
        return _tiles(logits, model.meta)


def _content(level: list[str], judgement: Judgement, rules: Rules, meta: Mapping[str, Any], redraws: int) -> Content:
    symbols = meta["symbols"]
    sample = np.array([[symbols.index(symbol) for symbol in row] for row in level], np.uint8)
    legend = {symbol: list(colour_of(symbol, rules)) for symbol in symbols}
    facts = {"playable": judgement.playable, "rules": meta["rules"], "unplayable_draws": redraws}
    attributes = {**facts, **judgement.facts, "legend": legend, "picture_png": _picture(level, rules)}
    return Content("text/plain", ("\n".join(level) + "\n").encode(), attributes, sample)


def _tiles(logits: torch.Tensor, meta: Mapping[str, Any]) -> NDArray[np.uint8]:
    """The likeliest tiles (n, H, W), with as many of each symbol as every level of the corpus has, where all agree."""
    likely = torch.log_softmax(logits, dim=1).numpy()
    counts = {int(tile): count for tile, count in meta.get("counts", {}).items()}
    return np.stack([_counted(one, counts) for one in likely])


def _rules_in(model: Model) -> Rules:
    """The rules that a model was made with."""
    return rules_of(model.meta["rules"], frozenset())[1]


def _judged(grid: NDArray[np.uint8], symbols: str, rules: Rules) -> tuple[list[str], Judgement]:
    level = list(rules.repaired(_rows(grid, symbols)))
    return level, rules.judge(level)


def _unplayable(grids: NDArray[np.uint8], symbols: str, rules: Rules) -> float:
    """The share of levels that cannot be played, or equal another."""
    different = np.unique(grids, axis=0)
    return 1 - sum(_judged(grid, symbols, rules)[1].playable for grid in different) / len(grids)


def _grids(
    files: Iterable[tuple[CorpusFile, Levels]], symbols: str = ""
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], str, tuple[str, ...]]:
    """Levels to learn from and held-out ones (n, H, W), their symbols, and the names of the first."""
    parts: tuple[list[tuple[str, list[str]]], list[tuple[str, list[str]]]] = [], []
    for file, levels in files:
        parts[file.path.startswith("heldout/")].extend((f"{file.path}#{i}", level) for i, level in enumerate(levels))
    train, heldout = parts
    if not train:
        raise ValueError("the corpus has no levels: expected .txt files, a symbol a tile, a line a row")
    found = symbols or "".join(sorted({symbol for _, level in train for row in level for symbol in row}))
    if len(found) > MOST_SYMBOLS:
        raise ValueError(f"the levels have {len(found)} different symbols, at most {MOST_SYMBOLS} are taken")
    size = len(train[0][1]), len(train[0][1][0])
    for name, level in (*train, *heldout):
        _check_level(name, level, size, found)
    arrays = [_array([level for _, level in part], found, size) for part in (train, heldout)]
    return arrays[0], arrays[1], found, tuple(name for name, _ in train)


def _check_level(name: str, level: list[str], size: tuple[int, int], symbols: str) -> None:
    if (len(level), len(level[0])) != size:
        raise ValueError(
            f"{name}: a level of {len(level[0])} x {len(level)} tiles, expected {size[1]} x {size[0]} as in the first"
        )
    if min(size) < 4 or max(size) > LARGEST_SIDE:
        raise ValueError(f"{name}: a level must have 4 to {LARGEST_SIDE} tiles a side, not {size[1]} x {size[0]}")
    for row in level:
        for symbol in row:
            if symbol not in symbols:
                raise ValueError(f"{name}: the symbol {symbol!r} is not among those that are learned from")


def _array(levels: list[list[str]], symbols: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    place = {symbol: i for i, symbol in enumerate(symbols)}
    grids = [[[place[symbol] for symbol in row] for row in level] for level in levels]
    return np.array(grids, np.uint8).reshape(len(levels), *size)


def _rows(grid: NDArray[np.uint8], symbols: str) -> list[str]:
    return ["".join(symbols[tile] for tile in row) for row in grid.tolist()]


def _fixed_counts(grids: NDArray[np.uint8], symbols: int) -> dict[str, int]:
    """The tiles of which every level has the same small number, such as one player; by the number of the tile."""
    counts = np.stack([(grids == tile).sum((1, 2)) for tile in range(symbols)], axis=1)  # (n, K)
    few = grids[0].size // 8
    return {str(tile): int(n) for tile, n in enumerate(counts[0]) if 0 < n <= few and (counts[:, tile] == n).all()}


def _counted(likely: NDArray[np.float32], counts: Mapping[int, int]) -> NDArray[np.uint8]:
    """The likeliest tiles (H, W) of log-probabilities (K, H, W) with fixed numbers of some: those are placed where they cost
    the least against the best of the others, the best place first."""
    free = [tile for tile in range(len(likely)) if tile not in counts]
    if not free:
        return np.asarray(likely.argmax(0), np.uint8)
    others = likely[free]
    grid: NDArray[np.uint8] = np.array(free, np.uint8)[others.argmax(0)]
    gain = {tile: likely[tile] - others.max(0) for tile in counts}
    order = sorted(((-gain[tile][y, x], tile, y, x) for tile in counts for y, x in np.ndindex(grid.shape)))
    left, taken = dict(counts), set()
    for _, tile, y, x in order:
        if left[tile] and (y, x) not in taken:
            grid[y, x] = tile
            left[tile] -= 1
            taken.add((y, x))
    return grid


def _mirrored(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Half of the levels mirrored: (B, H, W)."""
    chosen = torch.rand(len(batch), generator=generator).to(batch.device) < 0.5
    return torch.where(chosen[:, None, None], batch.flip(-1), batch)


def _turned(batch: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Each square level turned and mirrored at random: (B, S, S)."""
    return dihedral(batch, torch.randint(8, (len(batch),), generator=generator).to(batch.device))


def _further(seed: int, attempt: int) -> int:
    """The seed of a further draw."""
    if not attempt:
        return seed
    return int(np.random.default_rng([seed, attempt]).integers(2**62))


def _picture(level: list[str], rules: Rules) -> str:
    """The level drawn, as PNG in base64."""
    import base64

    colours = np.array([[colour_of(symbol, rules) for symbol in row] for row in level], np.uint8)
    return base64.b64encode(write_png(np.kron(colours, np.ones((TILE, TILE, 1), np.uint8)))).decode()
