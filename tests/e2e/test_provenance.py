"""Every asset is checked, marked and signed, and whoever brings it back is told what it is."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from footlight import Asset, BreakerState, FailedPrecondition, InvalidArgument, NotFound, Rights
from footlight_plugins import Content
from footlight_plugins.loader import load_plugins
from footlight_server.archive.backup import back_up
from footlight_server.archive.restore import restore
from footlight_server.marking.choice import Stages
from footlight_server.marking.keys import SigningConfig
from footlight_server.marking.marking import Marking, payload_of

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

PICTURES = {"steps": 5, "media": "png"}
RIGHTS = Rights("Ada", "CC0-1.0", "drawn by hand")


def surfaces(count: int, size: int) -> dict[str, bytes]:
    rng = np.random.default_rng(3)
    y, x = np.mgrid[0:size, 0:size] / size
    stack = [np.sin(a * x + b) * np.cos(c * y) for a, b, c in rng.uniform(1, 9, (count, 3))]
    buffer = io.BytesIO()
    np.save(buffer, np.array(stack, np.float32), allow_pickle=False)
    return {"train/stack.npy": buffer.getvalue()}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a generator of pictures of 64 x 64, whose corpus has an owner."""
    from tests.e2e.conftest import Server

    server = Server(tmp_path_factory.mktemp("studio"), "--producer", "Studio")
    corpus = server.client.upload_corpus("waves", surfaces(60, 64), rights=RIGHTS)
    server.client.train("mlp-gan", PICTURES, corpus_id=corpus.corpus_id, seed=1)
    yield server
    server.kill()


@pytest.fixture(scope="module")
def asset(studio: Server) -> Asset:
    return next(studio.client.generate(seed=7))


def test_the_stages_are_listed_with_what_becomes_of_them(studio: Server) -> None:
    parts = {part.role: part for plugin in studio.client.plugins() for part in plugin.parts}
    (use,) = parts["watermark-stage"].uses
    assert (use.used_by, use.health.state, use.problem) == ("generated assets", BreakerState.CLOSED, "")
    assert parts["image-embedder"].name == "picture-features" and parts["image-embedder"].uses == ()


def test_an_asset_says_what_was_done_to_it(asset: Asset) -> None:
    facts = asset.provenance
    assert (facts.watermarked, facts.metadata_written, facts.signature, facts.label_drawn) == (
        *(True, True, "embedded"),
        False,
    )
    assert facts.label["zh"] == "人工智能生成" and facts.left_out == {}


def test_assets_inherit_the_rights_of_their_corpus(asset: Asset) -> None:
    assert asset.provenance.rights == RIGHTS


def test_the_same_seed_makes_the_same_content_in_other_bytes(studio: Server, asset: Asset) -> None:
    again = next(studio.client.generate(seed=7))
    assert again.content_sha256 == asset.content_sha256 and again.data != asset.data


def test_what_comes_back_unchanged_is_verified(studio: Server, asset: Asset) -> None:
    found = studio.client.verify_asset(asset.data)
    assert found.asset is not None and found.asset.asset_id == asset.asset_id and found.unchanged
    assert (found.signature, found.watermark, found.labelled) == ("trusted", "found", True)
    assert found.found_by == ("sha256", "signature", "metadata", "watermark")
    assert found.metadata["AIGC"]["ContentProducer"] == "Studio"


def test_a_changed_byte_is_noticed(studio: Server, asset: Asset) -> None:
    for at in range(40, len(asset.data), len(asset.data) // 25):
        changed = bytearray(asset.data)
        changed[at] ^= 1
        found = studio.client.verify_asset(bytes(changed))
        assert not found.unchanged  # also where the signature's own padding was changed, which it does not cover


def test_the_watermark_outlives_what_strips_everything_else(studio: Server, asset: Asset) -> None:
    picture = Image.open(io.BytesIO(asset.data)).convert("RGB")
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    found = studio.client.verify_asset(buffer.getvalue())
    assert (found.signature, found.labelled, found.watermark) == ("absent", False, "found")
    assert found.found_by == ("watermark",) and found.asset is not None and found.asset.asset_id == asset.asset_id


def test_what_nobody_here_made_is_answered_as_such(studio: Server) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (80, 80), (200, 10, 10)).save(buffer, "PNG")
    for data in (buffer.getvalue(), b"once upon a time", b"\x89PNG\r\n\x1a\nbroken", bytes(1000)):
        found = studio.client.verify_asset(data)
        assert found.asset is None and found.signature == "absent" and not found.labelled


def test_bytes_are_needed_to_verify(studio: Server) -> None:
    with pytest.raises(InvalidArgument, match="data"):
        studio.client.verify_asset(b"")


def test_the_label_is_drawn_for_whoever_wants_it(studio: Server, asset: Asset) -> None:
    drawn = next(studio.client.generate(seed=7, draw_label=True))
    first, second = (np.asarray(Image.open(io.BytesIO(one.data)).convert("L"), int) for one in (asset, drawn))
    assert drawn.provenance.label_drawn and abs(first - second)[52:, 24:].max() > 100


def test_an_asset_becomes_an_item_that_can_be_recommended(studio: Server, asset: Asset) -> None:
    made = studio.client.publish_asset(asset.asset_id, item_id="wave", title="A wave", tags=["sea"])
    item = studio.client.get_item("wave")
    assert (made.created, item.title, item.kind, item.tags) == (True, "A wave", "asset", ("sea",))
    assert item.attributes["rights"]["licence"] == "CC0-1.0" and item.attributes["asset_id"] == asset.asset_id
    assert not studio.client.publish_asset(asset.asset_id, item_id="wave").created


def test_what_was_never_made_cannot_be_published(studio: Server) -> None:
    with pytest.raises(NotFound):
        studio.client.publish_asset("never")


def test_a_holder_of_rights_finds_a_file_and_what_is_near_it(studio: Server) -> None:
    data = surfaces(60, 64)["train/stack.npy"]
    next(studio.client.generate(seed=7))
    assert studio.client.trace_content(data, file_name="stack.npy").exact[0][1] == "train/stack.npy"
    one = io.BytesIO()
    np.save(one, np.load(io.BytesIO(data))[5].T * 2, allow_pickle=False)
    found = studio.client.trace_content(one.getvalue(), file_name="one.npy")
    (near,) = found.near
    assert near.same and near.nearest.nearest_path == "train/stack.npy#5" and found.assets and not found.exact


def test_a_wish_that_cannot_be_fulfilled_is_refused_by_its_name(studio: Server) -> None:
    with pytest.raises(InvalidArgument, match="class_name"):
        next(studio.client.generate(class_name="castles"))
    with pytest.raises(InvalidArgument, match="interpolate_to_seed"):
        next(studio.client.generate(3, seed=1, toward=2))
    with pytest.raises(InvalidArgument, match="truncation"):
        next(studio.client.generate(truncation=2.0))


def test_near_copies_are_drawn_again_and_counted(server_factory: Start, plugins_dir: Path) -> None:
    server = server_factory("--plugins-dir", str(plugins_dir))
    corpus = server.client.upload_corpus("waves", surfaces(60, 16))
    server.client.train("parrot", {"share": 0.5}, corpus_id=corpus.corpus_id)
    assets = list(server.client.generate(12, deployment="parrot", seed=0))
    assert sum(one.redraw_count for one in assets) > 0
    assert all(one.provenance.originality and one.provenance.originality.distance > 0.01 for one in assets)
    again = list(server.client.generate(12, deployment="parrot", seed=0))
    assert [one.content_sha256 for one in again] == [one.content_sha256 for one in assets]


def test_who_only_copies_is_refused(server_factory: Start, plugins_dir: Path) -> None:
    server = server_factory("--plugins-dir", str(plugins_dir))
    corpus = server.client.upload_corpus("waves", surfaces(60, 16))
    server.client.train("parrot", {"share": 1.0}, corpus_id=corpus.corpus_id)
    with pytest.raises(FailedPrecondition, match="near-copies"):
        list(server.client.generate(deployment="parrot", seed=0))


def test_stages_that_are_switched_off_are_named(server_factory: Start, plugins_dir: Path) -> None:
    arguments = ("--stage", "watermark=off", "--stage", "signature=off", "--plugins-dir", str(plugins_dir))
    server = server_factory(*arguments)
    corpus = server.client.upload_corpus("words", {"words.txt": b"once upon"})
    server.client.train("patient", {"steps": 1}, corpus_id=corpus.corpus_id)
    facts = next(server.client.generate(deployment="patient")).provenance
    assert facts.signature == "none" and facts.left_out["watermark"] == facts.left_out["signature"] == "switched off"


def test_classes_and_ways_between_seeds_come_through_the_api(studio: Server) -> None:
    rng, files = np.random.default_rng(0), {}
    for i in range(52):
        buffer = io.BytesIO()
        Image.fromarray(rng.integers(0, 255, (28, 28, 3), dtype=np.uint8)).save(buffer, "PNG")
        files[f"{'ab'[i % 2]}/{i}.png"] = buffer.getvalue()
    corpus = studio.client.upload_corpus("noise", files)
    studio.client.train("image-gan", {"steps": 2, "width": 4, "size": 28, "evaluations": 0}, corpus_id=corpus.corpus_id)
    ask = {"deployment": "image-gan", "seed": 3}
    first, second = (next(studio.client.generate(class_name=name, **ask)) for name in "ab")  # type: ignore[arg-type]
    assert first.content_sha256 != second.content_sha256 and first.provenance.signature == "embedded"
    (film,) = studio.client.generate(4, toward=9, animate=True, **ask)  # type: ignore[arg-type]  # mixed values
    assert film.media_type == "image/webp" and film.attributes["frames"] == 4
    assert studio.client.verify_asset(film.data).signature == "trusted"
    with pytest.raises(InvalidArgument, match="one of 'a', 'b'"):
        next(studio.client.generate(class_name="castles", **ask))  # type: ignore[arg-type]


def test_the_command_line_verifies(studio: Server, asset: Asset, run_cli: object, tmp_path: Path) -> None:
    path = asset.save(tmp_path)
    told = run_cli("verify", path, address=studio.address)  # type: ignore[operator]  # a fixture
    assert told.returncode == 0 and "unchanged" in told.stdout and "trusted" in told.stdout
    told = run_cli("provenance", path, "--json", address=studio.address)  # type: ignore[operator]
    assert told.returncode == 0 and asset.asset_id in told.stdout


def test_a_restored_server_knows_its_signatures_and_watermarks_by_its_keys(
    studio: Server, asset: Asset, tmp_path: Path
) -> None:
    back_up(studio.data_dir, tmp_path / "backup.tar", with_keys=True)
    restore(tmp_path / "backup.tar", tmp_path / "new", None)
    keys = sorted((tmp_path / "new" / "keys").iterdir())
    assert {path.name for path in keys} >= {"watermark.key", "authority.pem", "signer.key"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in keys)
    assert [path.read_bytes() for path in keys] == [
        (studio.data_dir / "keys" / path.name).read_bytes() for path in keys
    ]
    marking = Marking(Stages(load_plugins()), tmp_path / "new", SigningConfig())
    content, anchors = Content(asset.media_type, asset.data), marking.anchors()
    assert marking.stages.signature is not None and marking.stages.watermark is not None
    assert marking.stages.signature.verify(content, b"", anchors).state == "trusted"
    mark = marking.stages.watermark.read(content, marking.key())
    assert mark is not None and mark.payload == payload_of(asset.asset_id, 32)


def test_a_backup_says_that_it_has_no_keys_unless_they_are_asked_for(
    studio: Server, asset: Asset, tmp_path: Path
) -> None:
    made = back_up(studio.data_dir, tmp_path / "backup.tar")
    assert made.keys == 0 and made.keys_left_out >= 4
    restore(tmp_path / "backup.tar", tmp_path / "new", None)
    assert not (tmp_path / "new" / "keys").exists()
