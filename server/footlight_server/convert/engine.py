"""Engines, plug-ins, deployments, jobs, models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from footlight.v1 import engine_pb2 as pb
from footlight_plugins import EmbedderSpec, EngineSpec, StageSpec, UpdateClass, Verb
from footlight_plugins.loader import PluginState, PluginStatus
from footlight_plugins.parts import PartSpec
from footlight_server.convert.values import duration, struct, timestamp
from footlight_server.dispatch.agent_care import AgentCare
from footlight_server.dispatch.breaker import Breaker
from footlight_server.dispatch.care import Care
from footlight_server.dispatch.deployments import Deployed, options_in_force
from footlight_server.dispatch.recommender_host import RecommenderHost
from footlight_server.dispatch.training import Watched
from footlight_server.isolation.cells import Cell
from footlight_server.marking.choice import StageAtWork
from footlight_server.models.store import Manifest
from footlight_server.parts.part_host import PartHost

ASSETS = "generated assets"
"""Who uses an asset stage."""
ENGINES = "engines"
"""Who uses rules and embedders."""
_VERBS = {
    Verb.GENERATE: pb.VERB_GENERATE,
    Verb.RECOMMEND: pb.VERB_RECOMMEND,
    Verb.ACT: pb.VERB_ACT,
}
_CLASSES = {
    UpdateClass.BITWISE: pb.UPDATE_CLASS_BITWISE,
    UpdateClass.CERTIFIED: pb.UPDATE_CLASS_CERTIFIED,
    UpdateClass.BOUNDED: pb.UPDATE_CLASS_BOUNDED,
    UpdateClass.REFIT: pb.UPDATE_CLASS_REFIT,
}
_STATES = {
    PluginState.LOADED: pb.PLUGIN_STATE_LOADED,
    PluginState.DISABLED: pb.PLUGIN_STATE_DISABLED,
    PluginState.FAILED: pb.PLUGIN_STATE_FAILED,
    PluginState.INCOMPATIBLE: pb.PLUGIN_STATE_INCOMPATIBLE,
}


def engine_message(spec: EngineSpec, plugin: str, schema: dict[str, Any]) -> pb.Engine:
    """An engine as offered."""
    return pb.Engine(
        name=spec.name,
        verb=_VERBS[spec.verb],
        version=spec.version,
        summary=spec.summary,
        plugin=plugin,
        update_class=_CLASSES[spec.update_class],
        can_forget=spec.can_forget,
        needs_training=spec.needs_training and spec.verb is not Verb.ACT,
        needs_corpus=spec.verb is Verb.GENERATE,
        options_schema=struct(schema),
        can_predict=spec.can_predict,
    )


def plugin_message(
    status: PluginStatus,
    at_work: Sequence[PartHost[Any]],
    stages: Sequence[StageAtWork] = (),
    cells: Sequence[Cell] = (),
) -> pb.Plugin:
    """A plug-in as found, and which of its parts and stages are at work."""
    cell_of = {cell.spec: cell for cell in cells}
    parts = [
        _part_message(part, part.role, [use for host in at_work if host.spec is part for use in _use_messages(host)])
        for part in status.parts
        if part not in cell_of
    ]
    celled = [
        _part_message(part, part.role, [_cell_use(cell_of[part])])
        for part in (*status.parts, *status.embedders)
        if part in cell_of
    ]
    embedders = [_part_message(one, one.role, []) for one in status.embedders if one not in cell_of]
    marking = [
        _part_message(stage, stage.role, [_stage_use(one, cell_of.get(stage)) for one in stages if one.spec is stage])
        for stage in status.stages
    ]
    return pb.Plugin(
        name=status.name,
        distribution=status.distribution,
        version=status.version,
        state=_STATES[status.state],
        reason=status.reason,
        engines=status.engines,
        parts=[*parts, *celled, *embedders, *marking],
    )


def _part_message(part: PartSpec | EmbedderSpec | StageSpec, role: str, uses: Sequence[pb.PartUse]) -> pb.Part:
    return pb.Part(name=part.name, role=role, version=part.version, summary=part.summary, uses=uses)


def _stage_use(stage: StageAtWork, cell: Cell | None) -> pb.PartUse:
    if cell is not None and not stage.problem:
        health = _cell_health(cell)
        health.fault_count = stage.faults
    else:
        state = pb.BREAKER_STATE_OPEN if stage.problem else pb.BREAKER_STATE_CLOSED
        health = pb.EngineHealth(state=state, reason=stage.problem, fault_count=stage.faults, isolated=cell is not None)
    return pb.PartUse(used_by=ASSETS, health=health, problem=stage.problem)


def _cell_use(cell: Cell) -> pb.PartUse:
    return pb.PartUse(used_by=ENGINES, health=_cell_health(cell))


def _cell_health(cell: Cell) -> pb.EngineHealth:
    return _health(cell.breaker, fault_count=cell.breaker.faults, restart_count=cell.restarts, isolated=True)


def _use_messages(host: PartHost[Any]) -> list[pb.PartUse]:
    health = _health(
        host.breaker,
        fault_count=host.breaker.faults,
        abandoned_thread_count=host.abandoned,
        restart_count=host.restarts,
        isolated=host.isolated,
    )
    options = struct(host.options)
    return [
        pb.PartUse(used_by=user, options=options, health=health, problem=host.problem, lag_count=host.lag)
        for user in host.used_by
    ]


def health_message(care: Care | AgentCare) -> pb.EngineHealth:
    """How an engine behaves."""
    return _health(
        care.breaker,
        fault_count=care.faults,
        abandoned_thread_count=care.abandoned,
        isolated=care.isolated,
        restart_count=care.restarts,
        inline=care.spec.inline,
        demotion=care.demotion,
    )


def _health(breaker: Breaker, **more: Any) -> pb.EngineHealth:
    """What a breaker says, with more that is known beside it."""
    return pb.EngineHealth(
        state=pb.BreakerState.ValueType(breaker.state),
        reason=breaker.reason,
        since_time=timestamp(breaker.since) if breaker.since else None,
        retry_seconds=breaker.retry_after,
        **more,
    )


def deployment_message(deployed: Deployed) -> pb.Deployment:
    """A deployment as it is now."""
    host = deployed.host
    message = pb.Deployment(
        name=deployed.name,
        engine=deployed.spec.name,
        verb=_VERBS[deployed.spec.verb],
        options=struct(options_in_force(deployed)),
        active_version=deployed.active_version,
        problem="" if host is None else host.problem,
        health=health_message(deployed.care),
    )
    if isinstance(host, RecommenderHost) and host.asleep:
        message.asleep = True
    elif isinstance(host, RecommenderHost):
        message.log_position, message.log_lag, message.stored_position = host.position, host.lag, host.stored.position
        message.pending_event_count = host.pending
        if host.pinned is not None:
            message.pinned_position = host.pinned
    return message


def training_message(watched: Watched) -> pb.Training:
    """A job as it is now."""
    training = watched.training
    return pb.Training(
        training_id=training.training_id,
        deployment=training.deployment,
        state=pb.TrainingState.ValueType(training.state),
        fraction=training.fraction,
        step=training.step,
        metrics=training.metrics,
        remaining=duration(watched.remaining),
        error=training.error,
        model_version=training.model_version,
        seed=training.seed,
        create_time=timestamp(training.create_time),
        end_time=None if training.end_time is None else timestamp(training.end_time),
        notes=training.notes,
    )


def model_message(deployment: str, manifest: Manifest, active: int) -> pb.Model:
    """A version as stored."""
    return pb.Model(
        deployment=deployment,
        version=manifest.version,
        active=manifest.version == active,
        engine=manifest.engine,
        engine_version=manifest.engine_version,
        options=struct(manifest.options),
        log_position=manifest.log_position,
        corpus_id=manifest.corpus_id,
        metrics=manifest.metrics,
        size_bytes=manifest.size_bytes,
        create_time=timestamp(manifest.create_time),
        problem=manifest.problem,
    )
