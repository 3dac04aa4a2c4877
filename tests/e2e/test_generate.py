"""Generate: the same seed, the same bytes; what was made can be read again."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import numpy as np
import pytest

from footlight import Asset, FailedPrecondition, NotFound

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
    gallery.client.create_deployment("arrays", "mlp-gan", {"media": "npy"})
    corpus_id = gallery.client.models("mlp-gan")[0].corpus_id
    gallery.client.train("arrays", {"steps": 2}, corpus_id=corpus_id)
    array = np.load(io.BytesIO(next(gallery.client.generate(deployment="arrays")).data))
    assert array.shape == (8, 8) and np.isfinite(array).all()


def test_an_asset_can_be_read_again(gallery: Server) -> None:
    (asset,) = made(gallery, 1, seed=3)
    again = gallery.client.get_asset(asset.asset_id)
    assert again == asset and hashlib.sha256(again.data).digest() == asset.sha256


def test_assets_and_models_outlive_a_restart(server_factory: Start, corpus_files: dict[str, bytes]) -> None:
    server = server_factory()
    corpus = server.client.upload_corpus("hills", corpus_files)
    server.client.train("mlp-gan", {"steps": 2}, corpus_id=corpus.corpus_id)
    (asset,) = made(server, 1, seed=3)
    server.kill()
    server = server_factory()
    assert server.client.get_asset(asset.asset_id).data == asset.data == made(server, 1, seed=3)[0].data


def test_stopping_early_makes_no_more(gallery: Server) -> None:
    stream = gallery.client.generate(1000, deployment="mlp-gan", seed=0)
    assert next(stream).seed == 0
    stream.close()  # type: ignore[attr-defined]  # a generator
    assert len(made(gallery, 2)) == 2  # the seat is free again


def test_an_untrained_generator_says_what_to_do(scratch: Server) -> None:
    with pytest.raises(FailedPrecondition, match="train it first"):
        next(scratch.client.generate(deployment="mlp-gan"))


def test_a_model_that_is_damaged_gives_way_to_the_one_before(
    server_factory: Start, corpus_files: dict[str, bytes]
) -> None:
    server = server_factory()
    corpus = server.client.upload_corpus("hills", corpus_files)
    for seed in (1, 2):
        server.client.train("mlp-gan", {"steps": 1}, corpus_id=corpus.corpus_id, seed=seed)
    server.stop()
    (arrays,) = (server.data_dir / "models" / "mlp-gan" / "000002").glob("*.safetensors")
    arrays.write_bytes(arrays.read_bytes()[:-100])
    assert [one.model_version for one in made(server_factory(), 1)] == [1]
