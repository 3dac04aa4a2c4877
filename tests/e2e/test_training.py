"""Training jobs: in a process of their own, watched, cancelled, resumed."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.conftest import catalogue, history

from footlight import Client, FailedPrecondition, Training, TrainingFailed, TrainingState

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

FOREVER = {"steps": 1_000_000}


def once_it_runs(client: Client, training_id: str) -> Training:
    """The job when it has done its first steps."""
    return next(state for state in client.watch_training(training_id) if state.step > 0 or state.ended)


@pytest.fixture
def running(server_factory: Start, plugins_dir: Path) -> tuple[Server, Training]:
    """A server in the middle of a training that would take hours."""
    server = server_factory("--plugins-dir", str(plugins_dir))
    return server, endless(server)


def endless(server: Server) -> Training:
    """A job that has begun and does not end by itself."""
    corpus = server.client.upload_corpus("words", {"words.txt": b"once upon"})
    started = server.client.start_training("patient", FOREVER, corpus_id=corpus.corpus_id, seed=3)
    return once_it_runs(server.client, started.training_id)


def a_corpus_of(server: Server) -> str:
    return next(server.client.corpora()).corpus_id


def processes_of(server: Server) -> list[str]:
    children: list[str] = []
    for task in Path(f"/proc/{server.process.pid}/task").iterdir():  # a child belongs to the thread that started it
        with suppress(FileNotFoundError):  # a thread that has ended meanwhile
            children += (task / "children").read_text().split()
    return children


def test_a_training_ends_in_a_version_that_serves(house: Server) -> None:
    model, before = house.client.models("item-knn")
    assert (model.version, model.active, before.active, model.problem) == (2, True, False, "")
    assert model.options["k"] == 30 and model.size_bytes > 0


def test_a_job_is_remembered_with_its_figures(house: Server) -> None:
    job = next(house.client.trainings("item-knn"))
    assert (job.state, job.fraction, job.model_version) == (TrainingState.SUCCEEDED, 1.0, 2)
    assert job.end_time is not None and job.metrics


def test_watching_an_ended_job_tells_its_end(house: Server) -> None:
    job = next(house.client.trainings("item-knn"))
    assert list(house.client.watch_training(job.training_id)) == [job]


def test_the_server_answers_while_a_job_runs_and_cancels_it(house: Server) -> None:
    job = endless(house)
    assert job.state is TrainingState.RUNNING and len(processes_of(house)) == 1
    assert len(house.client.recommend("a-03", 3)) == 3
    assert house.client.cancel_training(job.training_id).state is TrainingState.CANCELLED
    assert not processes_of(house)


def test_watching_streams_progress_until_the_end(house: Server) -> None:
    corpus = house.client.upload_corpus("words", {"words.txt": b"once upon"})
    job = house.client.start_training("patient", {"steps": 100}, corpus_id=corpus.corpus_id)
    states = list(house.client.watch_training(job.training_id))
    assert [state.step for state in states] == sorted(state.step for state in states)
    assert len({state.fraction for state in states}) > 2 and states[-1].state is TrainingState.SUCCEEDED


def test_a_drawn_seed_is_reported(house: Server) -> None:
    assert next(house.client.trainings("item-knn")).seed > 0


def test_a_queued_job_can_be_cancelled(house: Server) -> None:
    first = endless(house)
    second = house.client.start_training("patient", corpus_id=a_corpus_of(house))
    assert house.client.cancel_training(second.training_id).state is TrainingState.CANCELLED
    states = {job.training_id: job.state for job in house.client.trainings()}
    assert states[first.training_id] is TrainingState.RUNNING
    house.client.cancel_training(first.training_id)


def test_what_is_learned_from_the_log_does_not_wait_for_what_is_learned_from_a_corpus(
    running: tuple[Server, Training],
) -> None:
    server, job = running
    server.client.put_items(catalogue())
    server.client.record_events(history())
    assert server.client.train("item-knn").state is TrainingState.SUCCEEDED
    assert next(server.client.watch_training(job.training_id)).state is TrainingState.RUNNING


def test_cancelling_an_ended_job_changes_nothing(house: Server) -> None:
    job = next(house.client.trainings("item-knn"))
    assert house.client.cancel_training(job.training_id) == job


def test_a_file_that_was_left_out_is_named_in_the_notes(gallery: Server) -> None:
    *_, first = gallery.client.trainings("mlp-gan")
    assert (
        first.notes == ("skipped: train/zz.npy: expected a .npy file of numbers",)
        and first.metrics["files_skipped"] == 1
    )


def test_a_corpus_of_bad_files_fails_the_job_and_they_are_named(gallery: Server) -> None:
    corpus = gallery.client.upload_corpus("bad", {"train/0.npy": b"no array at all", "train/1.npy": b"nor this"})
    with pytest.raises(TrainingFailed, match=r"train/0\.npy.*train/1\.npy") as failure:
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
    server_factory: Start, running: tuple[Server, Training], plugins_dir: Path, end: signal.Signals
) -> None:
    server, before = running
    server.stop(end)
    client = server_factory("--plugins-dir", str(plugins_dir)).client
    after = once_it_runs(client, before.training_id)
    assert after.seed == before.seed and after.step >= before.step
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


def test_a_job_whose_corpus_is_gone_fails_at_the_restart(
    server_factory: Start, running: tuple[Server, Training], plugins_dir: Path
) -> None:
    server, _ = running
    server.client.delete_corpus(a_corpus_of(server))
    server.stop()
    (after,) = server_factory("--plugins-dir", str(plugins_dir)).client.trainings()
    assert after.state is TrainingState.FAILED and "could not be resumed" in after.error


def test_a_job_whose_plugin_is_gone_fails_at_the_restart(
    server_factory: Start, running: tuple[Server, Training]
) -> None:
    running[0].kill()
    (after,) = server_factory().client.trainings()
    assert after.state is TrainingState.FAILED and "patient" in after.error
