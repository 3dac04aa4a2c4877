"""Training jobs: in a process of their own, watched, cancelled, resumed."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from footlight import Client, Event, FailedPrecondition, Item, Training, TrainingFailed, TrainingState

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

FOREVER = {"steps": 1_000_000, "checkpoint_seconds": 0.2}


def corpus_of(client: Client, files: dict[str, bytes]) -> str:
    return client.upload_corpus("hills", files).corpus_id


def once_it_runs(client: Client, training_id: str) -> Training:
    """The job when it has done its first steps."""
    return next(state for state in client.watch_training(training_id) if state.step > 0 or state.ended)


@pytest.fixture
def running(server_factory: Start, corpus_files: dict[str, bytes]) -> Iterator[tuple[Server, Training]]:
    """A server in the middle of a training that would take hours."""
    server = server_factory()
    started = server.client.start_training("mlp-gan", FOREVER, corpus_id=corpus_of(server.client, corpus_files), seed=3)
    yield server, once_it_runs(server.client, started.training_id)


def processes_of(server: Server) -> list[str]:
    children = f"/proc/{server.process.pid}/task/{server.process.pid}/children"
    with open(children) as file:
        return file.read().split()


def test_a_training_ends_in_a_version_that_serves(house: Server) -> None:
    (model,) = house.client.models("item-knn")
    assert (model.version, model.active, model.problem) == (1, True, "")
    assert model.options["k"] == 20 and model.size_bytes > 0


def test_a_job_is_remembered_with_its_figures(house: Server) -> None:
    (job,) = house.client.trainings("item-knn")
    assert (job.state, job.fraction, job.model_version) == (TrainingState.SUCCEEDED, 1.0, 1)
    assert job.end_time is not None and job.metrics


def test_watching_an_ended_job_tells_its_end(house: Server) -> None:
    (job,) = house.client.trainings("item-knn")
    assert list(house.client.watch_training(job.training_id)) == [job]


def test_the_server_answers_while_a_job_runs_and_cancels_it(running: tuple[Server, Training]) -> None:
    server, job = running
    assert job.state is TrainingState.RUNNING and len(processes_of(server)) == 1
    assert server.client.put_items([Item("x")]).created == 1
    assert server.client.recommend("anybody").fallback
    assert server.client.cancel_training(job.training_id).state is TrainingState.CANCELLED
    assert not processes_of(server) and not server.client.models("mlp-gan")


def test_watching_streams_progress_until_the_end(gallery: Server, corpus_files: dict[str, bytes]) -> None:
    corpus_id = corpus_of(gallery.client, corpus_files)
    gallery.client.create_deployment("watched", "mlp-gan")
    job = gallery.client.start_training("watched", {"steps": 400}, corpus_id=corpus_id)
    states = list(gallery.client.watch_training(job.training_id))
    assert [state.step for state in states] == sorted(state.step for state in states)
    assert len({state.fraction for state in states}) > 2 and states[-1].state is TrainingState.SUCCEEDED


def test_the_seed_is_drawn_and_reported(gallery: Server) -> None:
    watched = next(gallery.client.trainings("mlp-gan"))
    assert watched.seed == 1


def test_a_queued_job_can_be_cancelled(running: tuple[Server, Training]) -> None:
    server, first = running
    corpus_id = next(server.client.corpora()).corpus_id
    second = server.client.start_training("mlp-gan", corpus_id=corpus_id)
    assert server.client.cancel_training(second.training_id).state is TrainingState.CANCELLED
    states = {job.training_id: job.state for job in server.client.trainings()}
    assert states[first.training_id] is TrainingState.RUNNING
    server.client.cancel_training(first.training_id)


def test_cancelling_an_ended_job_changes_nothing(house: Server) -> None:
    (job,) = house.client.trainings("item-knn")
    assert house.client.cancel_training(job.training_id) == job


def test_a_bad_file_fails_the_job_and_is_named(gallery: Server) -> None:
    corpus = gallery.client.upload_corpus("bad", {"train/0.npy": b"no array at all", "train/1.npy": b"nor this"})
    with pytest.raises(TrainingFailed, match=r"train/0\.npy") as failure:
        gallery.client.train("mlp-gan", corpus_id=corpus.corpus_id)
    assert failure.value.training.state is TrainingState.FAILED
    assert [model.version for model in gallery.client.models("mlp-gan") if model.active] == [1]  # as before


def test_an_empty_log_teaches_nothing(server_factory: Start) -> None:
    with pytest.raises(FailedPrecondition) as refusal:
        server_factory().client.start_training("item-knn")
    assert refusal.value.reason == "EMPTY_LOG"


def test_an_engine_that_learns_while_it_acts_is_not_trained(scratch: Server) -> None:
    with pytest.raises(FailedPrecondition, match="learn while they act"):
        scratch.client.start_training("q-learning")


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_restarted_server_goes_on_where_the_job_was(
    server_factory: Start, running: tuple[Server, Training], end: signal.Signals
) -> None:
    server, before = running
    time.sleep(0.5)  # until there is a checkpoint
    server.stop(end)
    client = server_factory().client
    after = once_it_runs(client, before.training_id)
    assert after.seed == before.seed and after.step > before.step
    assert client.cancel_training(before.training_id).state is TrainingState.CANCELLED


def test_a_stop_does_not_wait_for_those_who_watch(running: tuple[Server, Training]) -> None:
    server, job = running
    watching = server.client.watch_training(job.training_id)
    next(watching)
    started = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait() == 0
    assert time.monotonic() - started < 20  # the grace is 25 s
    watching.close()  # type: ignore[attr-defined]  # a generator


def test_two_trainings_with_one_seed_make_one_model(gallery: Server) -> None:
    corpus_id = next(model.corpus_id for model in gallery.client.models("mlp-gan"))
    made = []
    for name in ("twin-a", "twin-b"):
        gallery.client.create_deployment(name, "mlp-gan")
        gallery.client.train(name, {"steps": 3}, corpus_id=corpus_id, seed=11)
        made.append(next(gallery.client.generate(1, deployment=name, seed=5)).sha256)
    assert made[0] == made[1]


def test_a_job_whose_corpus_is_gone_fails_at_the_restart(
    server_factory: Start, running: tuple[Server, Training]
) -> None:
    server, job = running
    queued = server.client.start_training("mlp-gan", corpus_id=next(server.client.corpora()).corpus_id)
    server.client.delete_corpus(next(server.client.corpora()).corpus_id)
    server.stop()
    states = {one.training_id: one for one in server_factory().client.trainings()}
    assert states[queued.training_id].state is TrainingState.FAILED
    assert "could not be resumed" in states[job.training_id].error


def test_a_log_that_was_all_forgotten_is_trained_on_all_the_same(server_factory: Start, films: list[Item]) -> None:
    client = server_factory().client
    client.put_items(films)
    client.record_events([Event("only", "a01", "play")])  # type: ignore[arg-type]
    client.forget_user("only")
    assert _ending(client, lambda: client.train("item-knn")) in (TrainingState.SUCCEEDED, TrainingState.FAILED)


def _ending(client: Client, work: Callable[[], Training]) -> TrainingState:
    try:
        return work().state
    except TrainingFailed as failure:
        return failure.training.state
