"""EngineService."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc

from footlight.v1 import engine_pb2 as pb
from footlight.v1 import engine_pb2_grpc as stubs
from footlight_server.convert import engine as convert
from footlight_server.convert.values import mapping, micros
from footlight_server.dispatch.engines import Engines
from footlight_server.dispatch.training import TrainingDesk, Watched
from footlight_server.services.asking import asking

Context = grpc.aio.ServicerContext[Any, Any]


class EngineService(stubs.EngineServiceServicer):
    """Engines, plug-ins, deployments, jobs, models."""

    def __init__(self, engines: Engines, training: TrainingDesk) -> None:
        self._engines = engines
        self._training = training

    async def ListEngines(self, request: pb.ListEnginesRequest, context: Context) -> pb.ListEnginesResponse:
        offered = await asyncio.to_thread(self._engines.engines, asking(context))  # may import an engine
        return pb.ListEnginesResponse(
            engines=[convert.engine_message(each.spec, each.plugin, each.schema) for each in offered]
        )

    async def ListPlugins(self, request: pb.ListPluginsRequest, context: Context) -> pb.ListPluginsResponse:
        found = self._engines.plugins(asking(context))
        at_work = self._engines.parts_at_work(), self._engines.stages_at_work(), self._engines.cells_at_work()
        return pb.ListPluginsResponse(plugins=[convert.plugin_message(status, *at_work) for status in found])

    async def ListDeployments(self, request: pb.ListDeploymentsRequest, context: Context) -> pb.ListDeploymentsResponse:
        deployed = self._engines.deployments(asking(context))
        messages = await asyncio.to_thread(lambda: list(map(convert.deployment_message, deployed)))
        return pb.ListDeploymentsResponse(deployments=messages)

    async def CreateDeployment(
        self, request: pb.CreateDeploymentRequest, context: Context
    ) -> pb.CreateDeploymentResponse:
        options = mapping(request.options)
        deployed = await self._engines.create(asking(context), request.name, request.engine, options)
        return pb.CreateDeploymentResponse(deployment=convert.deployment_message(deployed))

    async def DeleteDeployment(
        self, request: pb.DeleteDeploymentRequest, context: Context
    ) -> pb.DeleteDeploymentResponse:
        await self._engines.delete(asking(context), request.name)
        return pb.DeleteDeploymentResponse()

    async def RollbackDeployment(
        self, request: pb.RollbackDeploymentRequest, context: Context
    ) -> pb.RollbackDeploymentResponse:
        position = request.position if request.HasField("position") else None
        time = micros("time", request.time) if request.HasField("time") else None
        deployed = await self._engines.roll_back(asking(context), request.deployment, position, time)
        return pb.RollbackDeploymentResponse(deployment=convert.deployment_message(deployed))

    async def FollowLog(self, request: pb.FollowLogRequest, context: Context) -> pb.FollowLogResponse:
        deployed = await self._engines.follow(asking(context), request.deployment)
        return pb.FollowLogResponse(deployment=convert.deployment_message(deployed))

    async def StartTraining(self, request: pb.StartTrainingRequest, context: Context) -> pb.StartTrainingResponse:
        seed = request.seed if request.HasField("seed") else None
        training = await self._training.start_training(
            asking(context), request.deployment, mapping(request.options), request.corpus_id, seed
        )
        return pb.StartTrainingResponse(training=convert.training_message(Watched(training, None)))

    async def WatchTraining(
        self, request: pb.WatchTrainingRequest, context: Context
    ) -> AsyncIterator[pb.WatchTrainingResponse]:
        async for watched in self._training.watch(asking(context), request.training_id):
            yield pb.WatchTrainingResponse(training=convert.training_message(watched))

    async def ListTrainings(self, request: pb.ListTrainingsRequest, context: Context) -> pb.ListTrainingsResponse:
        trainings, token = self._training.list_trainings(
            asking(context), request.deployment, request.page_size, request.page_token
        )
        return pb.ListTrainingsResponse(trainings=map(convert.training_message, trainings), next_page_token=token)

    async def CancelTraining(self, request: pb.CancelTrainingRequest, context: Context) -> pb.CancelTrainingResponse:
        training = await self._training.cancel(asking(context), request.training_id)
        return pb.CancelTrainingResponse(training=convert.training_message(Watched(training, None)))

    async def ListModels(self, request: pb.ListModelsRequest, context: Context) -> pb.ListModelsResponse:
        versions, active = await self._training.models(asking(context), request.deployment)
        return pb.ListModelsResponse(
            models=[convert.model_message(request.deployment, each, active) for each in versions]
        )

    async def ActivateModel(self, request: pb.ActivateModelRequest, context: Context) -> pb.ActivateModelResponse:
        manifest = await self._training.activate(asking(context), request.deployment, request.version)
        return pb.ActivateModelResponse(model=convert.model_message(request.deployment, manifest, request.version))
