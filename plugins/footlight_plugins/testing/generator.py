"""The conformance suite of generators."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from footlight_plugins import Call, CallEnded, Content, Corpus, CorpusFile, Generator, State, TrainingRun
from footlight_plugins.testing.engine import CancelledAfter, EngineSuite, same_state, stored


class GeneratorSuite(EngineSuite):
    """What every generator must do. Set `options` so that a training takes a second at most.

    Example
    -------
    ::

        from footlight_plugins.testing import GeneratorSuite
        from my_package import register_engines

        class TestPainter(GeneratorSuite):
            spec, options = register_engines()[0], {"steps": 20}
    """

    broken_file: ClassVar[tuple[str, bytes]] = ("train/broken.npy", b"this is no array")
    """A file that no training may learn from: its path and its bytes."""
    seeds: ClassVar[NDArray[np.int64]] = np.array([*range(20), 2**31, 2**63 - 1], np.int64)
    _left: ClassVar[State]

    def corpus(self, folder: Path) -> Corpus:
        """A small corpus whose files lie in the folder: 24 arrays of 8 x 8, each a bump somewhere; override it."""
        rng, (y, x) = np.random.default_rng(0), np.mgrid[0:8, 0:8]
        files = {}
        for i in range(24):
            (cy, cx), width = rng.uniform(0, 7, 2), rng.uniform(1, 3)
            files[f"train/{i:04}.npy"] = npy(np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / width**2))
        return write_corpus(folder, files)

    def engine(self) -> Generator:
        """An engine that knows nothing."""
        made: Generator = self.engine_class()(self.chosen_options())
        return made

    def trained(self, folder: Path, seed: int = 0, stopping: Callable[[], bool] = lambda: False) -> Generator:
        """An engine trained on the corpus; the job's own folder is ``folder/job-SEED``."""
        engine = self.engine()
        directory = folder / f"job-{seed}"
        directory.mkdir(parents=True, exist_ok=True)
        engine.train(self.corpus(folder / "corpus"), TrainingRun(seed, directory, _ignore, stopping))
        return engine

    def prepared(self, folder: Path) -> State:
        return self.trained(folder).state()

    def left(self, folder: Path) -> State:
        """What one training on the corpus left, as a host stores it; all tests of a class share that training."""
        if "_left" not in vars(type(self)):
            type(self)._left = stored(self.prepared(folder))
        return stored(self._left)

    def learned(self, folder: Path) -> Generator:
        """A new engine that has loaded what the shared training left, as a server does."""
        return self.loaded(self.left(folder))

    def maker(self, folder: Path) -> Callable[[], Generator]:
        return lambda: self.learned(folder)

    def made_anew(self, folder: Path) -> Generator:
        return self.loaded(stored(self.prepared(folder)))

    def loaded(self, state: State) -> Generator:
        engine = self.engine()
        engine.load(state)
        return engine

    def asked(self, engine: Generator) -> list[Content]:
        return engine.generate(self.seeds, Call())

    def test_it_makes_one_readable_piece_of_content_a_seed(self, tmp_path: Path) -> None:
        made = self.learned(tmp_path).generate(self.seeds, Call())
        assert len(made) == len(self.seeds)
        for content in made:
            assert "/" in content.media_type and isinstance(content.data, bytes) and content.data
            assert json.dumps(dict(content.attributes), allow_nan=False)

    def test_different_seeds_give_different_content(self, tmp_path: Path) -> None:
        made = self.learned(tmp_path).generate(self.seeds, Call())
        assert len({content.data for content in made}) > len(made) // 2

    def test_a_seed_gives_the_same_bytes_alone_and_in_any_batch(self, tmp_path: Path) -> None:
        engine = self.learned(tmp_path)
        together = engine.generate(self.seeds, Call())
        assert [engine.generate(self.seeds[i : i + 1], Call())[0] for i in range(len(self.seeds))] == together
        assert engine.generate(self.seeds[::-1].copy(), Call()) == together[::-1]
        assert engine.generate(self.seeds[5:18], Call()) == together[5:18]

    def test_no_seeds_give_no_content(self, tmp_path: Path) -> None:
        assert self.learned(tmp_path).generate(np.empty(0, np.int64), Call()) == []

    def test_the_state_survives_storing_and_loading(self, tmp_path: Path) -> None:
        engine, again = self.trained(tmp_path), self.engine()
        again.load(stored(engine.state()))
        assert again.generate(self.seeds, Call()) == engine.generate(self.seeds, Call())

    def test_a_foreign_state_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"."):
            self.engine().load(State({"foreign": np.zeros(3)}, {"foreign": 1}))

    def test_the_same_seed_trains_to_the_same_state(self, tmp_path: Path) -> None:
        assert same_state(self.trained(tmp_path).state(), self.left(tmp_path / "before"))

    def test_another_seed_trains_to_another_state(self, tmp_path: Path) -> None:
        assert not same_state(self.trained(tmp_path, 1).state(), self.left(tmp_path / "before"))

    def test_a_stopped_training_goes_on_where_it_was(self, tmp_path: Path) -> None:
        asked = StopsAfter(math.inf)
        whole = self.trained(tmp_path / "whole", stopping=asked)
        assert asked.count > 1, "the training never asks whether it should stop"
        with pytest.raises(CallEnded):
            self.trained(tmp_path / "cut", stopping=StopsAfter(asked.count // 2))
        resumed = StopsAfter(math.inf)
        assert same_state(self.trained(tmp_path / "cut", stopping=resumed).state(), whole.state())
        assert resumed.count < asked.count, "the training started from the beginning"

    def test_a_call_that_nobody_waits_for_is_ended(self, tmp_path: Path) -> None:
        engine = self.learned(tmp_path)
        for call in (Call(cancelled=lambda: True), Call(deadline=0.0)):
            with pytest.raises(CallEnded):
                engine.generate(self.seeds, call)

    def test_a_call_that_is_cancelled_ends_at_the_next_check(self, tmp_path: Path) -> None:
        engine = self.learned(tmp_path)
        for times in (1, 2, 5):
            asked = CancelledAfter(times)
            with suppress(CallEnded):  # it may be done before it asks so often
                engine.generate(self.seeds, Call(cancelled=asked))
            assert 0 < asked.count <= times, "it went on after it had heard that nobody waits"

    def test_it_says_how_far_the_training_is(self, tmp_path: Path) -> None:
        told: list[tuple[float, int]] = []

        def report(fraction: float, step: int, metrics: Mapping[str, float]) -> None:
            assert all(math.isfinite(value) for value in metrics.values())
            told.append((fraction, step))

        figures = self.engine().train(self.corpus(tmp_path), TrainingRun(0, tmp_path, report))
        assert told and told == sorted(told) and told[0][0] >= 0 and told[-1][0] <= 1
        assert all(isinstance(name, str) and math.isfinite(value) for name, value in figures.items())

    def test_an_empty_corpus_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match=r"."):
            self.engine().train(Corpus(()), TrainingRun(0, tmp_path, _ignore))

    def test_a_malformed_file_is_refused_or_left_out_by_its_name(self, tmp_path: Path) -> None:
        path, data = self.broken_file
        good, bad = self.corpus(tmp_path), write_corpus(tmp_path, {path: data})
        files = sorted(good.files + bad.files, key=lambda file: file.path)
        told: list[str] = []
        try:
            self.engine().train(Corpus(tuple(files)), TrainingRun(0, tmp_path, _ignore, note=told.append))
        except ValueError as refusal:
            told.append(str(refusal))
        assert any(path in line for line in told), f"nothing that was said names {path}"


class StopsAfter:
    """Answers False so many times, then True; ``count`` is how often it was asked."""

    def __init__(self, times: float) -> None:
        """Never stops where times is infinite."""
        self.times, self.count = times, 0

    def __call__(self) -> bool:
        """Whether to stop."""
        self.count += 1
        return self.count > self.times


def npy(array: NDArray[np.generic]) -> bytes:
    """The bytes of an ``.npy`` file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def write_corpus(folder: Path, files: Mapping[str, bytes]) -> Corpus:
    """A corpus of the given paths and bytes, kept in the folder under other names, as a host does."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for path, data in sorted(files.items()):
        location = folder / path.replace("/", "-").replace(".", "-")
        location.write_bytes(data)
        written.append(CorpusFile(path, location))
    return Corpus(tuple(written))


def read_npy(content: Content) -> NDArray[np.float32]:
    """The array in a piece of content of the type ``application/x-npy``."""
    array: NDArray[np.float32] = np.load(io.BytesIO(content.data), allow_pickle=False)
    return array


def _ignore(fraction: float, step: int, metrics: Mapping[str, float]) -> None:
    """Nobody watches."""
