"""What a training process does when an earlier try of the same job got as far as storing its version."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from footlight_server.jobs.__main__ import Reporter, train
from footlight_server.jobs.order import Order
from footlight_server.log import Database
from footlight_server.models.store import ModelStore


@pytest.fixture
def order(tmp_path: Path) -> Order:
    url = f"sqlite:///{tmp_path / 'footlight.db'}"
    Database.open(url).close()
    return Order(
        engine="popular",
        deployment="popular",
        options={},
        seed=1,
        tenant="default",
        database_url=url,
        models_dir=str(tmp_path / "models"),
        directory=str(tmp_path / "jobs" / "t-1"),
        log_position=0,
        erasure_epoch=0,
        corpus_id="",
        corpus_files=(),
        plugins_dir="",
        disabled=(),
        threads=1,
    )


def _run(order: Order, tmp_path: Path, job: str = "t-1") -> int:
    folder = tmp_path / "jobs" / job
    folder.mkdir(parents=True, exist_ok=True)
    fields = {name: getattr(order, name) for name in order.__dataclass_fields__}
    with (tmp_path / "reports").open("w") as reports:
        return train(Order(**fields | {"directory": str(folder)}), Reporter(reports), threading.Event()).version


def test_a_job_taken_up_again_does_not_store_a_twin(order: Order, tmp_path: Path) -> None:
    assert [_run(order, tmp_path), _run(order, tmp_path)] == [1, 1]
    assert len(ModelStore(tmp_path / "models").versions("popular")) == 1


def test_another_job_stores_a_version_of_its_own(order: Order, tmp_path: Path) -> None:
    assert [_run(order, tmp_path, "t-1"), _run(order, tmp_path, "t-2")] == [1, 2]
