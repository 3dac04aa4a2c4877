"""Engines, deployments, training and models, for both clients."""

# ruff: noqa: ASYNC109  # `timeout` is the deadline that the server is told, which no block around the call can be

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from footlight._client.aio import AsyncCalls
from footlight._client.connection import Patience
from footlight._client.sync import SyncCalls
from footlight._wire import engine as wire
from footlight.errors import TrainingFailed, Unavailable
from footlight.types import Deployment, Engine, Model, Plugin, Training, TrainingState


class EngineMethods(SyncCalls):
    """Engines, deployments, training and models."""

    def engines(self, *, timeout: float | None = None) -> list[Engine]:
        """Every engine that a plug-in offers, by name."""
        return self._run(wire.list_engines(), timeout)

    def plugins(self, *, timeout: float | None = None) -> list[Plugin]:
        """Every plug-in that was found, also those that failed, by name."""
        return self._run(wire.list_plugins(), timeout)

    def deployments(self, *, timeout: float | None = None) -> list[Deployment]:
        """The named uses of engines, by name. Every engine has one of its own name."""
        return self._run(wire.list_deployments(), timeout)

    def create_deployment(
        self, name: str, engine: str, options: Mapping[str, Any] | None = None, *, timeout: float | None = None
    ) -> Deployment:
        """Gives an engine another name and options of its own.

        Raises:
            AlreadyExists: the name is taken.
            NotFound: there is no such engine.
            InvalidArgument: the name or an option is wrong.
        """
        return self._run(wire.create_deployment(name, engine, options), timeout)

    def delete_deployment(self, name: str, *, timeout: float | None = None) -> None:
        """Removes a deployment and its models. Raises NotFound, or FailedPrecondition where it is needed."""
        self._run(wire.delete_deployment(name), timeout)

    def rollback_deployment(
        self, name: str, *, position: int | None = None, time: datetime | None = None, timeout: float | None = None
    ) -> Deployment:
        """Sets a recommender back. It serves the state as of then, and stays there until `follow_log`.

        Args:
            position: the last log position that the state has seen; 0 means nothing at all.
            time: instead of a position: everything before the first event, in the order of the log, that happened later
                than this. The log keeps no times of arrival.
            timeout: seconds; restoring a state may take some.

        Raises:
            ValueError: neither or both of `position` and `time` are given, or the time has no time zone.
            NotFound: there is no such deployment.
            InvalidArgument: the log has not reached the position.
            FailedPrecondition: it does not follow the log, has no model, or its model was trained later and cannot be
                computed from the log.
        """
        return self._run(wire.rollback_deployment(name, position, time), timeout)

    def follow_log(self, name: str, *, timeout: float | None = None) -> Deployment:
        """Lets a deployment that was set back follow the log again. Raises NotFound or FailedPrecondition."""
        return self._run(wire.follow_log(name), timeout)

    def start_training(
        self,
        deployment: str,
        options: Mapping[str, Any] | None = None,
        *,
        corpus_id: str = "",
        seed: int | None = None,
        timeout: float | None = None,
    ) -> Training:
        """Queues a training job and returns at once.

        Args:
            deployment: what to train; every engine has a deployment of its own name.
            options: those that differ from the deployment's, for this model only.
            corpus_id: what to learn from, for engines that need a corpus.
            seed: where all draws come from; None means that the server draws one.
            timeout: seconds, for the answer, not for the training.

        Raises:
            NotFound: there is no such deployment or corpus.
            FailedPrecondition: there is nothing to learn from.
            InvalidArgument: an option is wrong.
        """
        return self._run(wire.start_training(deployment, options, corpus_id, seed), timeout)

    def watch_training(self, training_id: str, *, timeout: float | None = None) -> Iterator[Training]:
        """The job as it is now, then every change until it has ended. Watches again when the connection breaks."""
        patience = Patience()
        while True:
            try:
                for training in self._stream(wire.watch_training(training_id), _or_for_ever(timeout)):
                    patience.renew()
                    yield training
                    if training.ended:
                        return
                broken = _ended_early(training_id)
            except Unavailable as error:
                broken = error
            time.sleep(patience.wait(broken))

    def train(
        self,
        deployment: str,
        options: Mapping[str, Any] | None = None,
        *,
        corpus_id: str = "",
        seed: int | None = None,
        on_progress: Callable[[Training], None] | None = None,
    ) -> Training:
        """Starts a training and waits for its end; the arguments are those of `start_training`.

        Args:
            on_progress: called with the job at every change.

        Raises:
            TrainingFailed: the job failed or was cancelled.
        """
        started = self.start_training(deployment, options, corpus_id=corpus_id, seed=seed)
        for training in self.watch_training(started.training_id):
            if on_progress is not None:
                on_progress(training)
        return _succeeded(training)

    def trainings(self, deployment: str = "", *, timeout: float | None = None) -> Iterator[Training]:
        """The jobs of one deployment or of all, newest first."""
        return self._pages(partial(wire.list_trainings, deployment), timeout)

    def cancel_training(self, training_id: str, *, timeout: float | None = None) -> Training:
        """Stops a job; one that has ended stays as it is. Raises NotFound."""
        return self._run(wire.cancel_training(training_id), timeout)

    def models(self, deployment: str, *, timeout: float | None = None) -> list[Model]:
        """A deployment's model versions, newest first. Raises NotFound."""
        return self._run(wire.list_models(deployment), timeout)

    def activate_model(self, deployment: str, version: int, *, timeout: float | None = None) -> Model:
        """Makes a version the one that serves, for instance an older one to roll back.

        Raises:
            NotFound: there is no such deployment or version.
            FailedPrecondition: the version is damaged; the one before goes on serving.
        """
        return self._run(wire.activate_model(deployment, version), timeout)


class AsyncEngineMethods(AsyncCalls):
    """Engines, deployments, training and models."""

    async def engines(self, *, timeout: float | None = None) -> list[Engine]:
        return await self._run(wire.list_engines(), timeout)

    async def plugins(self, *, timeout: float | None = None) -> list[Plugin]:
        return await self._run(wire.list_plugins(), timeout)

    async def deployments(self, *, timeout: float | None = None) -> list[Deployment]:
        return await self._run(wire.list_deployments(), timeout)

    async def create_deployment(
        self, name: str, engine: str, options: Mapping[str, Any] | None = None, *, timeout: float | None = None
    ) -> Deployment:
        return await self._run(wire.create_deployment(name, engine, options), timeout)

    async def delete_deployment(self, name: str, *, timeout: float | None = None) -> None:
        await self._run(wire.delete_deployment(name), timeout)

    async def rollback_deployment(
        self, name: str, *, position: int | None = None, time: datetime | None = None, timeout: float | None = None
    ) -> Deployment:
        return await self._run(wire.rollback_deployment(name, position, time), timeout)

    async def follow_log(self, name: str, *, timeout: float | None = None) -> Deployment:
        return await self._run(wire.follow_log(name), timeout)

    async def start_training(
        self,
        deployment: str,
        options: Mapping[str, Any] | None = None,
        *,
        corpus_id: str = "",
        seed: int | None = None,
        timeout: float | None = None,
    ) -> Training:
        return await self._run(wire.start_training(deployment, options, corpus_id, seed), timeout)

    async def watch_training(self, training_id: str, *, timeout: float | None = None) -> AsyncIterator[Training]:
        patience = Patience()
        while True:
            try:
                async for training in self._stream(wire.watch_training(training_id), _or_for_ever(timeout)):
                    patience.renew()
                    yield training
                    if training.ended:
                        return
                broken = _ended_early(training_id)
            except Unavailable as error:
                broken = error
            await asyncio.sleep(patience.wait(broken))

    async def train(
        self,
        deployment: str,
        options: Mapping[str, Any] | None = None,
        *,
        corpus_id: str = "",
        seed: int | None = None,
        on_progress: Callable[[Training], None] | None = None,
    ) -> Training:
        started = await self.start_training(deployment, options, corpus_id=corpus_id, seed=seed)
        async for training in self.watch_training(started.training_id):
            if on_progress is not None:
                on_progress(training)
        return _succeeded(training)

    def trainings(self, deployment: str = "", *, timeout: float | None = None) -> AsyncIterator[Training]:
        return self._pages(partial(wire.list_trainings, deployment), timeout)

    async def cancel_training(self, training_id: str, *, timeout: float | None = None) -> Training:
        return await self._run(wire.cancel_training(training_id), timeout)

    async def models(self, deployment: str, *, timeout: float | None = None) -> list[Model]:
        return await self._run(wire.list_models(deployment), timeout)

    async def activate_model(self, deployment: str, version: int, *, timeout: float | None = None) -> Model:
        return await self._run(wire.activate_model(deployment, version), timeout)


def _or_for_ever(timeout: float | None) -> float:
    """Nobody knows how long a training takes; keepalive notices a server that is gone."""
    return math.inf if timeout is None else timeout


def _ended_early(training_id: str) -> Unavailable:
    return Unavailable(f"the server stopped telling of training {training_id} before its end", code="UNAVAILABLE")


def _succeeded(training: Training) -> Training:
    if training.state is not TrainingState.SUCCEEDED:
        raise TrainingFailed(training)
    return training
