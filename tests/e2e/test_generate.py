"""Generate: the same seed, the same bytes; what was made can be read again."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from safetensors.numpy import load_file

from footlight import Asset, FailedPrecondition, NotFound, TrainingState

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start


def made(server: Server, count: int, seed: int | None = None) -> list[Asset]:
    return list(server.client.generate(count, deployment="mlp-gan", seed=seed))


def test_the_same_files_are_the_same_corpus(gallery: Server, corpus_files: dict[str, bytes]) -> None:
    first = gallery.client.upload_corpus("hills", corpus_files)
    assert gallery.client.upload_corpus("hills", corpus_files).corpus_id == first.corpus_id
    assert (first.file_count, first.size_bytes) == (1, len(corpus_files["train/stack-hills.npy"]))


def test_a_deleted_corpus_is_gone(gallery: Server) -> None:
    corpus = gallery.client.upload_corpus("short-lived", {"a.npy": b"abc"})
    gallery.client.delete_corpus(corpus.corpus_id)
    assert corpus.corpus_id not in [one.corpus_id for one in gallery.client.corpora()]
    with pytest.raises(NotFound):
        gallery.client.delete_corpus(corpus.corpus_id)


def test_the_same_seed_makes_the_same_bytes(gallery: Server) -> None:
    assert [one.data for one in made(gallery, 3, seed=7)] == [one.data for one in made(gallery, 3, seed=7)]


def test_an_asset_follows_from_its_own_seed_alone(gallery: Server) -> None:
    assert made(gallery, 20, seed=7)[18].data == made(gallery, 1, seed=25)[0].data


def test_other_seeds_make_other_assets(gallery: Server) -> None:
    assert len({one.sha256 for one in made(gallery, 4, seed=7)}) == 4


def test_a_drawn_seed_is_reported_and_makes_it_again(gallery: Server) -> None:
    (first,) = made(gallery, 1)
    assert made(gallery, 1, seed=first.seed)[0].data == first.data


def test_assets_have_the_shape_of_the_corpus(gallery: Server) -> None:
    array = np.load(io.BytesIO(made(gallery, 1)[0].data))
    assert array.shape == (8, 8) and np.isfinite(array).all()


def test_an_asset_can_be_read_again(gallery: Server) -> None:
    (asset,) = made(gallery, 1, seed=3)
    again = gallery.client.get_asset(asset.asset_id)
    assert again == asset and hashlib.sha256(again.data).digest() == asset.sha256


def test_a_training_cut_off_by_sigkill_makes_the_model_it_would_have_made(
    server_factory: Start, gallery: Server, corpus_files: dict[str, bytes]
) -> None:
    server = server_factory()
    corpus = server.client.upload_corpus("hills", corpus_files)
    options = {"steps": 5, "media": "npy", "checkpoint_seconds": 0}
    job = server.client.start_training("mlp-gan", options, corpus_id=corpus.corpus_id, seed=1)
    next(state for state in server.client.watch_training(job.training_id) if state.state is TrainingState.RUNNING)
    server.kill()
    resumed = server_factory()
    assert list(resumed.client.watch_training(job.training_id))[-1].state is TrainingState.SUCCEEDED
    assert weights(resumed) == weights(gallery)


def weights(server: Server) -> dict[str, bytes]:
    """The arrays of the first version, by name."""
    (path,) = (server.data_dir / "models" / "mlp-gan" / "000001").glob("*.safetensors")
    return {name: array.tobytes() for name, array in load_file(path).items()}


def test_assets_outlive_the_server(server_factory: Start, plugins_dir: Path) -> None:
    server = server_factory("--plugins-dir", str(plugins_dir))
    corpus = server.client.upload_corpus("words", {"words.txt": b"once upon"})
    server.client.train("patient", {"steps": 1}, corpus_id=corpus.corpus_id)
    assets = list(server.client.generate(3, deployment="patient"))
    server.kill()
    client = server_factory().client  # not even the plug-in is needed
    assert [client.get_asset(asset.asset_id) for asset in assets] == assets


def test_stopping_early_makes_no_more(gallery: Server) -> None:
    stream = gallery.client.generate(1000, deployment="mlp-gan", seed=0)
    assert next(stream).seed == 0
    stream.close()  # type: ignore[attr-defined]  # a generator
    assert len(made(gallery, 2)) == 2  # the seat is free again


def test_an_untrained_generator_says_what_to_do(scratch: Server) -> None:
    with pytest.raises(FailedPrecondition, match="train it first"):
        next(scratch.client.generate(deployment="mlp-gan"))


def test_a_model_that_is_damaged_gives_way_to_the_one_before(server_factory: Start, plugins_dir: Path) -> None:
    server = server_factory("--plugins-dir", str(plugins_dir))
    corpus = server.client.upload_corpus("words", {"words.txt": b"once upon"})
    for _ in range(2):
        server.client.train("patient", {"steps": 1}, corpus_id=corpus.corpus_id)
    server.stop()
    (arrays,) = (server.data_dir / "models" / "patient" / "000002").glob("*.safetensors")
    arrays.write_bytes(arrays.read_bytes()[:-1])
    (asset,) = server_factory("--plugins-dir", str(plugins_dir)).client.generate(deployment="patient", seed=8)
    assert asset.model_version == 1 and asset.data.startswith(b"once8")


def test_the_generator_of_highest_rank_that_can_answers(gallery: Server) -> None:
    assert next(gallery.client.generate()).deployment == "mlp-gan"
