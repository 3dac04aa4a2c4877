"""`footlight train`, `watch`, `trainings`, `cancel`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from footlight.cli.command import command
from footlight.cli.corpora import upload_with_progress
from footlight.cli.options import Options, Seed, parsed
from footlight.cli.session import Session, UsageFault
from footlight.cli.tables import settings, table
from footlight.errors import TrainingFailed
from footlight.types import Training, TrainingState

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_MAX_FIGURES = 2  # beside the bar

TrainingId = Annotated[str, typer.Argument(metavar="TRAINING", help="The training's id.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    command(app, "train", "footlight train mlp-gan --corpus ./terrain --option steps=2000 --seed 7")(train)
    command(app, "watch", "footlight watch TRAINING_ID")(watch)
    command(app, "trainings", "footlight trainings item-knn")(trainings)
    command(app, "cancel", "footlight cancel TRAINING_ID")(cancel)


def train(
    session: Session,
    engine: Annotated[str, typer.Argument(help="The engine, or a deployment of it.", show_default=False)],
    option: Options = None,
    corpus: Annotated[
        str, typer.Option(help="What to learn from: a folder or a file to upload, or the id or name of a corpus.")
    ] = "",
    seed: Seed = None,
) -> None:
    """Trains an engine on what the server holds, or on a corpus. Ctrl-C stops watching; the training goes on."""
    options = parsed(option)
    corpus_id = _corpus_id(session, corpus) if corpus else ""
    started = session.client.start_training(engine, options, corpus_id=corpus_id, seed=seed)
    _follow(session, started)


def watch(session: Session, training: TrainingId) -> None:
    """Shows a training's progress until it ends. Ctrl-C stops watching; the training goes on."""
    states = session.client.watch_training(training)
    _follow(session, next(states))


def trainings(
    session: Session,
    deployment: Annotated[str, typer.Argument(help="Only those of this deployment.")] = "",
    count: Annotated[int, typer.Option(min=1, help="At most how many.")] = 20,
) -> None:
    """The training jobs, newest first."""
    found = [training for training, _ in zip(session.client.trainings(deployment), range(count), strict=False)]
    rows = [
        (
            one.training_id,
            one.deployment,
            one.state,
            f"{one.fraction:.0%}",
            one.create_time,
            _figures_or_error(one),
        )
        for one in found
    ]
    session.show(
        found, lambda: table(("training", "deployment", "state", "#done", "queued", "figures, or why not"), rows)
    )


def cancel(session: Session, training: TrainingId) -> None:
    """Stops a training."""
    stopped = session.client.cancel_training(training)
    session.show(stopped, lambda: f"Training {stopped.training_id} of {stopped.deployment}: {stopped.state}.")


def _corpus_id(session: Session, corpus: str) -> str:
    """Uploads a path; else finds the corpus of that id or, newest first, of that name."""
    path = Path(corpus)
    if path.exists():
        return upload_with_progress(session, path).corpus_id
    for found in session.client.corpora():
        if corpus in (found.corpus_id, found.name):
            return found.corpus_id
    raise UsageFault(f"--corpus: there is no file or folder {corpus}, and no corpus of that id or name")


def _follow(session: Session, training: Training) -> None:
    """Shows the progress to the end. Raises TrainingFailed."""
    try:
        training = _watch_to_the_end(session, training)
    except KeyboardInterrupt:
        session.say(
            f"The training goes on. Watch it again: footlight watch {training.training_id}\n"
            f"Stop it: footlight cancel {training.training_id}"
        )
        if session.json:
            session.show(training, str)
        return
    if training.state is not TrainingState.SUCCEEDED:
        raise TrainingFailed(training)
    session.show(training, lambda: _ended_well(training))


def _ended_well(training: Training) -> str:
    told = "".join(f"Note: {note}\n" for note in training.notes)
    return (
        f"{told}{training.deployment} serves version {training.model_version} "
        f"(seed {training.seed}; {settings(training.metrics)})."
    )


def _watch_to_the_end(session: Session, training: Training) -> Training:
    from rich.progress import TextColumn

    left, figures = TextColumn("{task.fields[left]}", markup=False), TextColumn("{task.fields[figures]}", markup=False)
    with session.progress(left, figures) as progress:
        task = progress.add_task(f"Training {training.deployment}", total=1.0, left="", figures="")
        for state in session.client.watch_training(training.training_id):
            training = state
            _draw(progress, task, training)
    return training


def _figures_or_error(training: Training) -> str:
    return training.error or _few(training)


def _few(training: Training) -> str:
    return settings(dict(list(training.metrics.items())[:_MAX_FIGURES]))


def _draw(progress: Progress, task: TaskID, training: Training) -> None:
    figures = _few(training) if training.metrics else ""
    progress.update(task, completed=training.fraction, left=_left(training), figures=figures)


def _left(training: Training) -> str:
    """The time that is left, or what there is to know instead."""
    if training.remaining is not None and not training.ended:
        seconds = int(training.remaining.total_seconds())
        return f"{seconds // 60}:{seconds % 60:02} left"
    if training.state is TrainingState.RUNNING and not training.fraction:
        return "preparing; on a machine's first time its kernels are compiled, up to a minute or two"
    return training.state.value
