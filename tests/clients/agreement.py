"""Compares what came back with what was expected, and one client with another. What differs is a defect."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from google.protobuf.json_format import MessageToDict, ParseDict
from tests.clients.cases import Case, Json, Outcome, filled, kept, load
from tests.clients.wire_runner import SERVICES, message_class

from footlight.v1 import generation_pb2, interaction_pb2

CHANGING = {
    *("decision_id", "asset_id", "name"),
    *("create_time", "update_time", "time", "log_position", "erasure_epoch", "states"),
    *("pending_event_count", "provenance", "sidecar"),
    "ratings",  # the mean of all ratings moves with those of each run
}
"""Fields that differ from one run to the next."""
_PARTS: Mapping[str, tuple[str, Mapping[str, type]]] = {
    "GenerationService/Generate": ("assets", {"asset": generation_pb2.Asset}),
    "GenerationService/GetAsset": ("assets", {"asset": generation_pb2.Asset}),
    "InteractionService/Interact": ("answers", {"": interaction_pb2.InteractResponse}),
}
"""Answers that a client puts together from a stream: the list, and the messages in it."""


def whole(call: str, answer: Json) -> Json:
    """The answer with every field in it, those of no value as well, however the client writes its JSON."""
    if call in _PARTS:
        name, kinds = _PARTS[call]
        return {name: [_part(kinds, one) for one in answer.get(name, ())]}
    service, _, method = call.partition("/")
    return _plain(message_class(SERVICES[service].methods_by_name[method].output_type), answer)


def _part(kinds: Mapping[str, type], part: Json) -> Json:
    if "" in kinds:
        return _plain(kinds[""], part)
    return {name: _plain(kinds[name], value) if name in kinds else value for name, value in part.items()}


def _plain(kind: type, answer: Json) -> Json:
    message = ParseDict(answer or {}, kind())
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def differences(wanted: Json, found: Json, where: str = "answer") -> Iterator[str]:
    """What of the wanted is not so in the found. What the found has beyond it does not count, and ``{}`` takes anything."""
    if wanted == {}:
        return
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name, value in wanted.items():
            yield from differences(value, found.get(name), f"{where}.{name}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from differences(one, other, f"{where}[{number}]")
    elif not _equal(wanted, found):
        yield f"{where}: {wanted!r} was expected, {found!r} came"


def _equal(wanted: Json, found: Json) -> bool:
    if wanted in ({}, [], None, 0, "", False) and found in ({}, [], None, 0, "", False):
        return True
    try:
        return wanted == found or math.isclose(float(wanted), float(found), rel_tol=1e-12)
    except (TypeError, ValueError):
        return False


def unexpected(outcomes: Mapping[str, Outcome], run: str) -> list[str]:
    """Where the outcomes of a run are not those of the cases."""
    known = kept(outcomes, run)
    return [f"{case.name}: {text}" for case in load() for text in _against(case, outcomes.get(case.name), known)]


def _against(case: Case, outcome: Outcome | None, known: Mapping[str, str]) -> Iterable[str]:
    if outcome is None:
        return ["it was not run"]
    expect = filled(dict(case.expect), known)
    status = expect.get("status", "OK")
    if status != outcome.status:
        return [f"{status} was expected, {outcome.status} came: {outcome.message}"]
    if status == "OK":
        return differences(expect["answer"], whole(case.call, outcome.answer))
    told = {"reason": outcome.reason, "field": outcome.field, "metadata": outcome.metadata}
    return differences({"field": "", **expect}, {"status": status, **told}, "error")


def disagreements(one: Mapping[str, Outcome], other: Mapping[str, Outcome], runs: tuple[str, str]) -> list[str]:
    """Where two runs differ. What a client does not tell at all is not compared."""
    found = []
    for case in load():
        left, right = (_comparable(case, run[case.name], name) for run, name in zip((one, other), runs, strict=True))
        fields = ("status", "reason", "field", "message", "metadata")
        told = [differences(getattr(left, name), getattr(right, name), name) for name in fields]
        found += [f"{case.name}: {text}" for texts in told for text in texts]
        found += [f"{case.name}: {text}" for text in differences(left.answer, right.answer)]
    return found


def _comparable(case: Case, outcome: Outcome, run: str) -> Outcome:
    changing = CHANGING | ({"corpus_id"} if case.call.startswith("GenerationService/UploadCorpus") else set())
    return replace(
        outcome,
        message=outcome.message.replace(run, "RUN"),
        metadata=_steady(outcome.metadata, run, set()),
        answer=_steady(outcome.answer, run, changing),
    )


def _steady(value: Json, run: str, changing: set[str]) -> Json:
    """The value without what differs from one run to the next."""
    if isinstance(value, dict):
        return {name: _steady(one, run, changing) for name, one in value.items() if name not in changing}
    if isinstance(value, list):
        return [_steady(one, run, changing) for one in value]
    return value.replace(run, "RUN") if isinstance(value, str) else value
