"""Training jobs: is there something to learn from, what exactly is ordered, and what became of it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from footlight_plugins import Verb
from footlight_plugins.factories import missing_requirements
from footlight_server.config import ServerConfig
from footlight_server.corpora.store import CorpusStore
from footlight_server.dispatch.asking import TENANT, Asking, Policy
from footlight_server.dispatch.deployments import Deployed, Deployments, checked_options, options_type_of
from footlight_server.dispatch.finishing import to_the_end
from footlight_server.errors import FailedPrecondition, InvalidArgument, NotFound
from footlight_server.jobs.order import Order
from footlight_server.jobs.runner import Job, Runner, remaining_seconds
from footlight_server.log.records import Training, TrainingState, now
from footlight_server.log.trainings import TrainingTable
from footlight_server.log.validation import check_id, chosen_seed
from footlight_server.models.store import Manifest, ModelStore


@dataclass(frozen=True, slots=True)
class Watched:
    """A job at one moment."""

    training: Training
    remaining: float | None
    """An estimate of the seconds left."""


class TrainingDesk:
    """Answers everything about training jobs and models."""

    def __init__(
        self,
        config: ServerConfig,
        deployments: Deployments,
        corpora: CorpusStore,
        table: TrainingTable,
        models: ModelStore,
        policy: Policy,
    ) -> None:
        self._config = config
        self._deployments = deployments
        self._corpora = corpora
        self._table = table
        self._models = models
        self._policy = policy
        self._runner = Runner(table, config.data_dir / "jobs", deployments.activate)

    async def start(self) -> None:
        """Take up the jobs that had not ended when the server stopped."""
        self._runner.start()
        for training in self._table.unfinished():
            try:
                order = await self._order(self._deployments.resolve(training.deployment), training)
            except NotFound as gone:  # its plug-in or its corpus is no longer there
                error = f"it could not be resumed: {gone.message}"
                await self._table.update(replace(training, state=TrainingState.FAILED, error=error, end_time=now()))
            else:
                self._runner.put(training, order)

    async def start_training(
        self, asking: Asking, name: str, options: Mapping[str, Any], corpus_id: str, seed: int | None
    ) -> Training:
        """Queue a job."""
        self._policy.check(asking, "train")
        deployed = self._deployments.resolve(name)
        if deployed.spec.verb is Verb.ACT:
            raise FailedPrecondition(f"deployment '{name}' has no models: its agents learn while they act")
        seed = chosen_seed("seed", seed)
        self._check_material(deployed, corpus_id)
        self._check_installed(deployed)
        options_type = await asyncio.to_thread(options_type_of, deployed.spec)
        complete = checked_options(options_type, {**deployed.record.options, **options})
        training = Training(
            training_id=f"t-{secrets.token_hex(8)}",
            deployment=deployed.name,
            seed=seed,
            corpus_id=corpus_id,
            options=complete.model_dump(mode="json"),
            create_time=now(),
        )
        await self._queue(training, await self._order(deployed, training))
        return training

    @to_the_end
    async def _queue(self, training: Training, order: Order) -> None:
        await self._table.insert(training)
        self._runner.put(training, order)

    def _check_installed(self, deployed: Deployed) -> None:
        if missing := missing_requirements(deployed.spec):
            raise FailedPrecondition(
                f"'{deployed.name}' needs {' and '.join(missing)}, which the server does not have", "ENGINE_UNAVAILABLE"
            )

    def _check_material(self, deployed: Deployed, corpus_id: str) -> None:
        if deployed.spec.verb is Verb.GENERATE:
            if not corpus_id:
                raise InvalidArgument("corpus_id", f"is required: '{deployed.name}' learns from a corpus")
            self._corpora.get(check_id("corpus_id", corpus_id))
        elif corpus_id:
            raise InvalidArgument("corpus_id", f"must be empty: '{deployed.name}' learns from the log")
        elif not self._deployments.events.position:
            raise FailedPrecondition("the log is empty: record events first", reason="EMPTY_LOG")

    async def _order(self, deployed: Deployed, training: Training) -> Order:
        files = self._corpora.get(training.corpus_id).files if training.corpus_id else ()
        plugins = self._config.plugins
        events = self._deployments.events
        return Order(
            engine=deployed.spec.name,
            deployment=deployed.name,
            options=training.options,
            seed=training.seed,
            tenant=TENANT,
            database_url=self._config.database_url,
            models_dir=str(self._config.data_dir / "models"),
            directory=str(self._runner.directory_of(training.training_id)),
            log_position=0 if training.corpus_id else events.position,
            erasure_epoch=events.epoch,
            corpus_id=training.corpus_id,
            corpus_files=tuple((file.path, str(file.location)) for file in files),
            plugins_dir=str(plugins.plugins_dir or ""),
            disabled=tuple(plugins.disabled),
            threads=self._config.threads,
        )

    async def watch(self, asking: Asking, training_id: str) -> AsyncIterator[Watched]:
        """A job now and after every change, until it has ended."""
        self._policy.check(asking, "read")
        job = self._runner.get(check_id("training_id", training_id))
        if job is None:
            yield Watched(self._table.get(training_id), None)
            return
        async for training in self._runner.watch(job):
            yield Watched(training, remaining_seconds(job))

    def list_trainings(
        self, asking: Asking, deployment: str, page_size: int, page_token: str
    ) -> tuple[list[Watched], str]:
        """One page of jobs, newest first."""
        self._policy.check(asking, "read")
        if deployment:
            self._deployments.resolve(deployment)
        trainings, token = self._table.list(deployment, page_size, page_token)
        return [self._now(training) for training in trainings], token

    def _now(self, training: Training) -> Watched:
        job = self._runner.get(training.training_id)
        return Watched(training, None) if job is None else Watched(job.training, remaining_seconds(job))

    async def cancel(self, asking: Asking, training_id: str) -> Training:
        """Stop a job; one that has ended stays as it is."""
        self._policy.check(asking, "train")
        job: Job | None = self._runner.get(check_id("training_id", training_id))
        if job is not None:
            await self._runner.cancel(job)
        return self._table.get(training_id)

    async def models(self, asking: Asking, deployment: str) -> tuple[list[Manifest], int]:
        """A deployment's versions, newest first, and the one that serves."""
        self._policy.check(asking, "read")
        deployed = self._deployments.resolve(deployment)
        versions = await asyncio.to_thread(self._models.versions, deployed.name)
        return sorted(versions, key=lambda manifest: -manifest.version), deployed.active_version

    async def activate(self, asking: Asking, deployment: str, version: int) -> Manifest:
        """Serve another version."""
        self._policy.check(asking, "train")
        await self._deployments.activate(deployment, version)
        versions = await asyncio.to_thread(self._models.versions, deployment)
        return next(manifest for manifest in versions if manifest.version == version)

    def trains(self, deployment: str) -> bool:
        """Whether a job of this deployment has not ended."""
        return self._runner.trains(deployment)

    async def stop(self) -> None:
        """Stop the job that runs; the next start resumes it."""
        await self._runner.stop()
