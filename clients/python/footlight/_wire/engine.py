"""Calls of the EngineService."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from footlight._wire.calls import Page, Stream, Unary
from footlight._wire.values import from_duration, from_enum, from_struct, from_timestamp, to_struct, to_timestamp
from footlight.types import (
    BreakerState,
    Deployment,
    Engine,
    EngineHealth,
    Model,
    Part,
    PartUse,
    Plugin,
    PluginState,
    Training,
    TrainingState,
    UpdateClass,
    Verb,
)
from footlight.v1 import engine_pb2 as pb

MAX_PAGE = 1_000


def list_engines() -> Unary[pb.ListEnginesResponse, list[Engine]]:
    return Unary("EngineService/ListEngines", pb.ListEnginesRequest(), pb.ListEnginesResponse, _engines)


def list_plugins() -> Unary[pb.ListPluginsResponse, list[Plugin]]:
    return Unary("EngineService/ListPlugins", pb.ListPluginsRequest(), pb.ListPluginsResponse, _plugins)


def list_deployments() -> Unary[pb.ListDeploymentsResponse, list[Deployment]]:
    return Unary("EngineService/ListDeployments", pb.ListDeploymentsRequest(), pb.ListDeploymentsResponse, _deployments)


def create_deployment(
    name: str, engine: str, options: Mapping[str, Any] | None
) -> Unary[pb.CreateDeploymentResponse, Deployment]:
    request = pb.CreateDeploymentRequest(name=name, engine=engine, options=_options(options))
    return Unary("EngineService/CreateDeployment", request, pb.CreateDeploymentResponse, _deployment_of)


def delete_deployment(name: str) -> Unary[pb.DeleteDeploymentResponse, None]:
    request = pb.DeleteDeploymentRequest(name=name)
    return Unary("EngineService/DeleteDeployment", request, pb.DeleteDeploymentResponse, lambda _: None)


def rollback_deployment(
    name: str, position: int | None, time: datetime | None
) -> Unary[pb.RollbackDeploymentResponse, Deployment]:
    if (position is None) == (time is None):
        raise ValueError("either position or time must be given")
    request = pb.RollbackDeploymentRequest(deployment=name, time=to_timestamp(time))
    if position is not None:
        request.position = position
    return Unary("EngineService/RollbackDeployment", request, pb.RollbackDeploymentResponse, _deployment_of)


def follow_log(name: str) -> Unary[pb.FollowLogResponse, Deployment]:
    return Unary("EngineService/FollowLog", pb.FollowLogRequest(deployment=name), pb.FollowLogResponse, _deployment_of)


def start_training(
    deployment: str, options: Mapping[str, Any] | None, corpus_id: str, seed: int | None
) -> Unary[pb.StartTrainingResponse, Training]:
    request = pb.StartTrainingRequest(deployment=deployment, options=_options(options), corpus_id=corpus_id, seed=seed)
    return Unary("EngineService/StartTraining", request, pb.StartTrainingResponse, _training_of)


def watch_training(training_id: str) -> Stream[pb.WatchTrainingResponse, Training]:
    request = pb.WatchTrainingRequest(training_id=training_id)
    return Stream("EngineService/WatchTraining", request, pb.WatchTrainingResponse, _training_of)


def list_trainings(deployment: str, page_token: str) -> Unary[pb.ListTrainingsResponse, Page[Training]]:
    request = pb.ListTrainingsRequest(deployment=deployment, page_size=MAX_PAGE, page_token=page_token)
    return Unary("EngineService/ListTrainings", request, pb.ListTrainingsResponse, _trainings)


def cancel_training(training_id: str) -> Unary[pb.CancelTrainingResponse, Training]:
    request = pb.CancelTrainingRequest(training_id=training_id)
    return Unary("EngineService/CancelTraining", request, pb.CancelTrainingResponse, _training_of)


def list_models(deployment: str) -> Unary[pb.ListModelsResponse, list[Model]]:
    request = pb.ListModelsRequest(deployment=deployment)
    return Unary("EngineService/ListModels", request, pb.ListModelsResponse, _models)


def activate_model(deployment: str, version: int) -> Unary[pb.ActivateModelResponse, Model]:
    request = pb.ActivateModelRequest(deployment=deployment, version=version)
    return Unary("EngineService/ActivateModel", request, pb.ActivateModelResponse, lambda answer: _model(answer.model))


def _options(options: Mapping[str, Any] | None) -> Any:
    return to_struct(options, "options") if options else None


def _engines(answer: pb.ListEnginesResponse) -> list[Engine]:
    return list(map(_engine, answer.engines))


def _engine(engine: pb.Engine) -> Engine:
    return Engine(
        name=engine.name,
        verb=_verb(engine.verb),
        version=engine.version,
        summary=engine.summary,
        plugin=engine.plugin,
        update_class=from_enum(pb.UpdateClass.DESCRIPTOR, "UPDATE_CLASS_", engine.update_class, UpdateClass),
        can_forget=engine.can_forget,
        needs_training=engine.needs_training,
        needs_corpus=engine.needs_corpus,
        options_schema=from_struct(engine.options_schema),
        can_predict=engine.can_predict,
    )


def _plugins(answer: pb.ListPluginsResponse) -> list[Plugin]:
    return [
        Plugin(
            name=plugin.name,
            distribution=plugin.distribution,
            version=plugin.version,
            state=from_enum(pb.PluginState.DESCRIPTOR, "PLUGIN_STATE_", plugin.state, PluginState),
            reason=plugin.reason,
            engines=tuple(plugin.engines),
            parts=tuple(map(_part, plugin.parts)),
        )
        for plugin in answer.plugins
    ]


def _part(part: pb.Part) -> Part:
    uses = [
        PartUse(
            use.used_by,
            from_struct(use.options),
            _health(use.health),
            use.problem,
            use.lag_count if use.HasField("lag_count") else None,
        )
        for use in part.uses
    ]
    return Part(part.name, part.role, part.version, part.summary, tuple(uses))


def _deployments(answer: pb.ListDeploymentsResponse) -> list[Deployment]:
    return list(map(_deployment, answer.deployments))


def _deployment_of(
    answer: pb.CreateDeploymentResponse | pb.RollbackDeploymentResponse | pb.FollowLogResponse,
) -> Deployment:
    return _deployment(answer.deployment)


def _deployment(deployment: pb.Deployment) -> Deployment:
    return Deployment(
        name=deployment.name,
        engine=deployment.engine,
        verb=_verb(deployment.verb),
        options=from_struct(deployment.options),
        active_version=deployment.active_version,
        log_position=deployment.log_position,
        problem=deployment.problem,
        health=_health(deployment.health),
        pinned_position=deployment.pinned_position if deployment.HasField("pinned_position") else None,
        log_lag=deployment.log_lag,
        stored_position=deployment.stored_position,
        asleep=deployment.asleep,
        pending_events=deployment.pending_event_count,
    )


def _health(health: pb.EngineHealth) -> EngineHealth:
    return EngineHealth(
        state=from_enum(pb.BreakerState.DESCRIPTOR, "BREAKER_STATE_", health.state, BreakerState),
        reason=health.reason,
        since=from_timestamp(health, "since_time"),
        retry_seconds=health.retry_seconds,
        faults=health.fault_count,
        restarts=health.restart_count,
        abandoned_threads=health.abandoned_thread_count,
        isolated=health.isolated,
        inline=health.inline,
        demotion=health.demotion,
    )


def _training_of(
    answer: pb.StartTrainingResponse | pb.WatchTrainingResponse | pb.CancelTrainingResponse,
) -> Training:
    return _training(answer.training)


def _trainings(answer: pb.ListTrainingsResponse) -> Page[Training]:
    return Page(list(map(_training, answer.trainings)), answer.next_page_token)


def _training(training: pb.Training) -> Training:
    return Training(
        training_id=training.training_id,
        deployment=training.deployment,
        state=from_enum(pb.TrainingState.DESCRIPTOR, "TRAINING_STATE_", training.state, TrainingState),
        fraction=training.fraction,
        step=training.step,
        metrics=dict(sorted(training.metrics.items())),
        remaining=from_duration(training, "remaining"),
        error=training.error,
        model_version=training.model_version,
        seed=training.seed,
        create_time=from_timestamp(training, "create_time"),
        end_time=from_timestamp(training, "end_time"),
        notes=tuple(training.notes),
    )


def _models(answer: pb.ListModelsResponse) -> list[Model]:
    return list(map(_model, answer.models))


def _model(model: pb.Model) -> Model:
    return Model(
        deployment=model.deployment,
        version=model.version,
        active=model.active,
        engine=model.engine,
        engine_version=model.engine_version,
        options=from_struct(model.options),
        log_position=model.log_position,
        corpus_id=model.corpus_id,
        metrics=dict(sorted(model.metrics.items())),
        size_bytes=model.size_bytes,
        create_time=from_timestamp(model, "create_time"),
        problem=model.problem,
    )


def _verb(number: int) -> Verb:
    return from_enum(pb.Verb.DESCRIPTOR, "VERB_", number, Verb)
