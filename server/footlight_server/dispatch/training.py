"""Jobs in the background: is there something to learn from, what exactly is ordered, and what became of it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from footlight_plugins import StageKind, Verb
from footlight_plugins.factories import missing_requirements
from footlight_server.config import ServerConfig
from footlight_server.corpora.store import CorpusStore
from footlight_server.dispatch.asking import Asking, Policy
from footlight_server.dispatch.checkpointing import Checkpointing
from footlight_server.dispatch.deployments import Deployed, Deployments
from footlight_server.dispatch.engine_options import checked_options, options_type_of
from footlight_server.dispatch.finishing import to_the_end
from footlight_server.dispatch.training_queue import TrainingQueue
from footlight_server.errors import FailedPrecondition, InvalidArgument
from footlight_server.jobs.order import Order
from footlight_server.jobs.runner import Runner, remaining_seconds
from footlight_server.log.leases import Fence
from footlight_server.log.leasing import Leasing
from footlight_server.log.records import Training, now
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
        leasing: Leasing,
        policy: Policy,
    ) -> None:
        self._config = config
        self._stages = deployments.stages
        self._deployments = deployments
        self._corpora = corpora
        self._table = table
        self._models = models
        self._policy = policy
        self._jobs = config.data_dir / "jobs"
        self.queue = TrainingQueue(table, leasing, self._make_runner, self._resumed)
        self._checkpointing = Checkpointing(config, deployments, leasing)

    async def start(self) -> None:
        """Take up the jobs that had not ended when the server stopped."""
        self._checkpointing.start()
        await self.queue.start()

    def _make_runner(self, fence: Fence) -> Runner:
        return Runner(self._table, self._jobs, self._deployments.activate, fence)

    async def _resumed(self, training: Training) -> Order:
        return await self._order(self._deployments.resolve(training.deployment), training)

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
        await self._queue(training)
        return training

    @to_the_end
    async def _queue(self, training: Training) -> None:
        await self.queue.put(training)

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
            tenant=events.tenant,
            database_url=self._config.database_url,
            models_dir=str(self._config.data_dir / "models"),
            directory=str(self._jobs / training.training_id),
            log_position=0 if training.corpus_id else events.position,
            erasure_epoch=events.epoch,
            corpus_id=training.corpus_id,
            corpus_files=tuple((file.path, str(file.location)) for file in files),
            plugins_dir=str(plugins.plugins_dir or ""),
            disabled=tuple(plugins.disabled),
            allowed=plugins.only,
            threads=self._config.threads,
            originality=self._stages.name(StageKind.ORIGINALITY),
            isolated=tuple(sorted(self._config.limits.isolated_plugins)),
            isolated_bytes=self._config.limits.isolated_bytes,
        )

    async def watch(self, asking: Asking, training_id: str) -> AsyncIterator[Watched]:
        """A job now and after every change, until it has ended."""
        self._policy.check(asking, "read")
        async for training, job in self.queue.watch(check_id("training_id", training_id)):
            yield Watched(training, None if job is None else remaining_seconds(job))

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
        job = self.queue.get(training.training_id)
        return Watched(training, None) if job is None else Watched(job.training, remaining_seconds(job))

    async def cancel(self, asking: Asking, training_id: str) -> Training:
        """Stop a job; one that has ended stays as it is."""
        self._policy.check(asking, "train")
        await self.queue.cancel(check_id("training_id", training_id))
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
        return any(training.deployment == deployment for training in self._table.unfinished())

    async def stop(self) -> None:
        """Stop the job that runs; the next start resumes it."""
        await asyncio.gather(self.queue.stop(), self._checkpointing.stop())
