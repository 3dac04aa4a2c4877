"""Which RPCs are written down in the audit log, and how: those that change what the house has, or touch a whole person.

What people do all day (events, recommendations, moves) is in the logs of its own. A call that is refused is written down
as well. Nobody is answered OK before the entry is committed. A person stands there under a pseudonym.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from footlight_server.errors import FootlightError
from footlight_server.log.audit import AuditTrail
from footlight_server.services.asking import CALLER

Handler = Callable[[Any, Any], Any]
Context = grpc.aio.ServicerContext[Any, Any]

AUDITED: Mapping[str, tuple[str, ...]] = {
    "DeleteItem": ("item_id",),
    "ForgetUser": ("user_id",),
    "ExportUser": ("user_id",),
    "CreateDeployment": ("name", "engine"),
    "DeleteDeployment": ("name",),
    "RollbackDeployment": ("deployment", "position"),
    "FollowLog": ("deployment",),
    "StartTraining": ("deployment", "corpus_id"),
    "CancelTraining": ("training_id",),
    "ActivateModel": ("deployment", "version"),
    "UploadCorpus": (),
    "DeleteCorpus": ("corpus_id",),
    "PublishAsset": ("asset_id", "item_id"),
    "CreateAgent": ("agent_id", "deployment"),
    "SetMode": ("agent_id", "mode"),
    "SnapshotAgent": ("agent_id", "name"),
    "RollbackAgent": ("agent_id", "position", "snapshot"),
}
"""The RPCs, and the fields of their requests that say to what something was done."""

UNAUDITED = frozenset(
    (
        # what people do all day, which has a log of its own
        *("PutItems", "RecordEvents", "Act", "BatchAct", "Reward", "EndSession", "Interact", "LogAction", "Activate"),
        *("Converse", "EndConversation", "Generate", "Recommend", "BatchRecommend"),
        # what only reads
        *("GetItem", "BatchGetItems", "ListItems", "ListSimilarItems", "PredictRatings", "GetDecision"),
        *("ListCorpora", "GetAsset", "VerifyAsset", "TraceContent", "GetAgent", "ListAgents", "GetPolicy"),
        *("EvaluatePolicy", "ListSnapshots", "ListDecisions", "ListEngines", "ListPlugins", "ListDeployments"),
        *("WatchTraining", "ListTrainings", "ListModels"),
    )
)
"""The RPCs that are not written down. One that is in neither is refused at the start."""

LONGEST = 256
"""At most so many characters of a name are kept: a name that is refused may be long."""


class Auditor:
    """Writes down the calls of one tenant. ``pseudonym`` turns the name of a person into what may be kept."""

    def __init__(self, trail: AuditTrail, pseudonym: Callable[[str], str]) -> None:
        self._trail = trail
        self._pseudonym = pseudonym

    def audit(self, service: object, descriptor: ServiceDescriptor) -> None:
        """Audit the RPCs of a service, once and for all, before `faults.guard`."""
        for method in descriptor.methods:
            if method.name in AUDITED:
                wrap = self._stream if method.server_streaming else self._unary
                setattr(service, method.name, wrap(method, getattr(service, method.name)))
            elif method.name not in UNAUDITED:
                raise LookupError(f"{method.full_name}: say whether it is written down in the audit log")

    def _unary(self, method: MethodDescriptor, behaviour: Handler) -> Handler:
        async def audited(request: Any, context: Context) -> Any:
            target = self._target(method, request)
            try:
                answer = await behaviour(request, context)
            except BaseException as fault:
                await asyncio.shield(self._append(method, target, _reason(fault)))
                raise
            if method.client_streaming:
                target = {"corpus_id": answer.corpus.corpus_id}
            await self._append(method, target, "OK")
            return answer

        return audited

    def _stream(self, method: MethodDescriptor, behaviour: Handler) -> Handler:
        """A stream is written down when its first message is there: who leaves after that has had something."""

        async def audited(request: Any, context: Context) -> AsyncIterator[Any]:
            target, begun = self._target(method, request), False
            try:
                async for answer in behaviour(request, context):
                    if not begun:
                        await self._append(method, target, "OK")
                        begun = True
                    yield answer
            except FootlightError as fault:
                if not begun:
                    await self._append(method, target, fault.reason)
                raise
            if not begun:
                await self._append(method, target, "OK")

        return audited

    def _target(self, method: MethodDescriptor, request: Any) -> dict[str, str]:
        target = {}
        for name in AUDITED[method.name]:
            value = str(getattr(request, name))
            target[name] = self._pseudonym(value) if name == "user_id" else value[:LONGEST]
        return target

    async def _append(self, method: MethodDescriptor, target: Mapping[str, str], outcome: str) -> None:
        await self._trail.append(CALLER.get().subject, method.full_name, target, outcome)


def _reason(fault: BaseException) -> str:
    if isinstance(fault, FootlightError):
        return fault.reason
    return "CANCELLED" if isinstance(fault, asyncio.CancelledError) else "INTERNAL"
