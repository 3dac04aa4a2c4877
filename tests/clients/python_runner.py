"""Runs the cases by the Python client, synchronous or asynchronous: each call as a user would write it."""

from __future__ import annotations

import base64
import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from tests.clients.cases import Json, Outcome

from footlight import (
    Agent,
    Asset,
    Decision,
    Event,
    EventKind,
    FootlightError,
    HistoryItem,
    Item,
    ItemFilter,
    Recommendations,
    RecommendedItem,
    Reward,
    Rights,
    SessionEnd,
    Step,
    Where,
)

Request = dict[str, Any]


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(time: datetime | None) -> str | None:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z") if time else None


def _enum(prefix: str, name: str) -> str:
    return name.removeprefix(prefix).lower()


def _given(**values: Any) -> Json:
    """What is there; None is not."""
    return {name: value for name, value in values.items() if value is not None}


def _item(r: Request) -> Item:
    times: Any = {name: _time(r.get(name)) for name in ("available_from", "available_until")}
    rest = {name: r[name] for name in ("title", "kind", "attributes") if name in r}
    return Item(r.get("item_id", ""), tags=tuple(r.get("tags", ())), **rest, **times)


def _item_answer(item: Item) -> Json:
    return _given(
        item_id=item.item_id,
        title=item.title,
        kind=item.kind,
        tags=list(item.tags),
        attributes=dict(item.attributes),
        available_from=_text(item.available_from),
        available_until=_text(item.available_until),
    )


def _event(r: Request) -> Event:
    kind = EventKind(_enum("EVENT_KIND_", r["kind"]))
    value = float(r["value"]) if "value" in r else None
    return Event(r["user_id"], r["item_id"], kind, value, _time(r.get("event_time")), r["event_id"])


def _where(r: Request) -> Where:
    return Where(r["name"], r.get("equals"), r.get("any_of", ()), **r.get("range", {}))


def _filter(r: Request) -> ItemFilter | None:
    if "filter" not in r:
        return None
    told = dict(r["filter"])
    return ItemFilter(**(told | {"where": [_where(one) for one in told.get("where", ())]}))


def _history(r: Request) -> list[HistoryItem] | None:
    return [HistoryItem(one["item_id"], one.get("value")) for one in r["history"]] if "history" in r else None


def _common(r: Request) -> dict[str, Any]:
    plain = {name: r[name] for name in ("count", "deployment", "include_seen", "diversity", "seed") if name in r}
    return plain | {"exclude": r.get("exclude_item_ids", ()), "reasons": r.get("reason_count", 0), "filter": _filter(r)}


def _recommend(client: Any, r: Request) -> Any:
    more = {"history": _history(r), "session_start": _time(r.get("session_start_time"))}
    return client.recommend(r.get("user_id", ""), **_common(r), **more)


def _line(line: RecommendedItem) -> Json:
    reasons = [
        _given(
            kind="REASON_KIND_" + reason.kind.name,
            item_id=reason.item_id,
            share=reason.share,
            people_count=reason.people_count,
        )
        for reason in line.reasons
    ]
    return {
        "item_id": line.item_id,
        "score": line.score,
        "reasons": reasons,
        "other_share": line.other_share,
        "filled": line.filled,
    }


def _recommended(answer: Recommendations) -> Json:
    basis = answer.diversity_basis.name
    return _given(
        decision_id=answer.decision_id,
        deployment=answer.deployment,
        model_version=answer.model_version,
        fallback=answer.fallback,
        items=list(map(_line, answer.items)),
        nothing_matches=answer.nothing_matches,
        unknown_item_ids=list(answer.unknown_items),
        seed=answer.seed,
        diversity_basis=None if basis == "UNKNOWN" else "DIVERSITY_BASIS_" + basis,
    )


def _similar(client: Any, r: Request) -> Any:
    return client.similar_items(r["item_id"], r.get("count", 10), deployment=r["deployment"], filter=_filter(r))


def _upload(client: Any, r: Request) -> Any:
    files = {path: base64.b64decode(data) for path, data in r["files"].items()}
    rights = Rights(**r["rights"]) if "rights" in r else None
    return client.upload_corpus(r["name"], files, rights=rights, timeout=r.get("timeout"))


def _generate(client: Any, r: Request) -> Any:
    seed = int(r["seed"]) if "seed" in r else None
    count, wanted = r.get("count", 1), r.get("class_name", "")
    how = {"deployment": r["deployment"], "seed": seed, "class_name": wanted, "timeout": r.get("timeout")}
    return client.generate(count, **how)


def _asset(asset: Asset) -> Json:
    told = _given(
        asset_id=asset.asset_id,
        deployment=asset.deployment,
        model_version=asset.model_version,
        seed=asset.seed,
        media_type=asset.media_type,
        sha256=base64.b64encode(asset.sha256).decode(),
        attributes=dict(asset.attributes),
        content_seed=asset.content_seed,
        redraw_count=asset.redraw_count,
        content_sha256=base64.b64encode(asset.content_sha256).decode(),
        corpus_id=asset.corpus_id,
    )
    return {"asset": told, "data": base64.b64encode(asset.data).decode()}


def _assets(assets: Asset | Iterable[Asset]) -> Json:
    return {"assets": [_asset(one) for one in ([assets] if isinstance(assets, Asset) else assets)]}


def _create_agent(client: Any, r: Request) -> Any:
    spaces = (int(r[name]["discrete"]["n"]) for name in ("observation_space", "action_space"))
    how = {"deployment": r["deployment"], "options": r.get("options"), "seed": int(r["seed"]) if "seed" in r else None}
    return client.create_agent(r["agent_id"], *spaces, **how)


def _agent(agent: Agent) -> Json:
    told = {name: getattr(agent, name) for name in ("agent_id", "deployment", "options", "seed", "learned_steps")}
    return {"agent": told | {"mode": "AGENT_MODE_" + agent.mode.name}}


def _outcome(r: Request) -> float | None:
    return float(r["outcome"]["reward"]) if "outcome" in r else None


def _act(client: Any, r: Request) -> Any:
    return client.act(
        r["agent_id"],
        r["session_id"],
        int(r["observation"]["discrete"]),
        reward=_outcome(r),
        mask=r.get("action_mask"),
        step=int(r["step"]) if "step" in r else None,
        request_id=r["request_id"],
    )


def _decision(answer: Decision) -> Json:
    why = {"reason": "DECISION_REASON_" + answer.reason.name}
    why |= _given(expected=answer.expected, best_expected=answer.best_expected)
    told = {name: getattr(answer, name) for name in ("decision_id", "propensity", "learned_steps", "seed", "step")}
    return told | {
        "action": {"discrete": answer.action},
        "distribution": list(answer.distribution),
        "explanation": why,
        "model_version": answer.model_version,
        "mode": "AGENT_MODE_" + answer.mode.name,
    }


def _reward(client: Any, r: Request) -> Any:
    return client.rewards([Reward(one["decision_id"], one["value"], one["reward_id"]) for one in r["rewards"]])


def _end(client: Any, r: Request) -> Any:
    reason = _enum("END_REASON_", r["reason"])
    return client.end_session(r["agent_id"], r["session_id"], reason=reason, reward=_outcome(r))


def _summary(summary: Any) -> Json:
    return {"decision_count": summary.decisions, "total_reward": summary.total_reward}


def _session_end(r: Request) -> SessionEnd:
    last = int(r["final_observation"]["discrete"]) if "final_observation" in r else None
    return SessionEnd(r["session_id"], _enum("END_REASON_", r["reason"]), _outcome(r), last)  # type: ignore[arg-type]


def _step(r: Request) -> Step:
    return Step(r["session_id"], int(r["observation"]["discrete"]), _outcome(r))


def _batch(client: Any, r: Request) -> Any:
    return client.batch_act(r["agent_id"], map(_step, r["acts"]), map(_session_end, r["ends"]))


def _batched(answer: Any) -> Json:
    return {"ends": list(map(_summary, answer.ended)), "acts": list(map(_decision, answer.decisions))}


def _interact(client: Any, r: Request) -> Any:
    stream = client.interact(r["agent_id"])
    return _play(stream, r) if hasattr(stream, "__enter__") else _play_async(stream, r)


def _play(stream: Any, r: Request) -> Json:
    answers: list[Json] = []
    with stream:
        for message in r["messages"]:
            if "act" in message:
                answers.append({"act": _decision(stream.step(_step(message["act"])))})
            else:
                answers.append({"end": _summary(stream.end(_session_end(message["end"])))})
    return answers


async def _play_async(stream: Any, r: Request) -> Json:
    answers: list[Json] = []
    async with stream:
        for message in r["messages"]:
            if "act" in message:
                answers.append({"act": _decision(await stream.step(_step(message["act"])))})
            else:
                answers.append({"end": _summary(await stream.end(_session_end(message["end"])))})
    return answers


def _row(row: Any) -> Json:
    return {"distribution": list(row.distribution), "expected": list(row.expected)}


def _logged(one: Any) -> Json:
    told = {name: getattr(one, name) for name in ("session_id", "action", "reward", "complete")}
    return told | {"observation": {"discrete": one.observation}, "reward_count": one.rewards}


def _model(model: Any) -> Json:
    return {name: getattr(model, name) for name in ("deployment", "version", "active", "engine", "options", "metrics")}


def _verified(answer: Any) -> Json:
    return {"unchanged": answer.unchanged, "found_by": list(answer.found_by), "media_type": answer.media_type}


def _nothing(_: object) -> Json:
    return {}


Call = Callable[[Any, Request], Any]
_CALLS: dict[str, tuple[Call, Callable[[Any], Json]]] = {
    "CatalogService/PutItems": (
        lambda client, r: client.put_items(map(_item, r["items"])),
        lambda put: {"created_count": put.created, "updated_count": put.updated},
    ),
    "CatalogService/GetItem": (
        lambda client, r: client.get_item(r["item_id"]),
        lambda item: {"item": _item_answer(item)},
    ),
    "CatalogService/BatchGetItems": (
        lambda client, r: client.get_items(r["item_ids"]),
        lambda items: {"items": list(map(_item_answer, items))},
    ),
    "CatalogService/DeleteItem": (lambda client, r: client.delete_item(r["item_id"]), _nothing),
    "CatalogService/RecordEvents": (
        lambda client, r: client.record_events(map(_event, r["events"])),
        lambda told: {"recorded_count": told.recorded, "duplicate_count": told.duplicates},
    ),
    "CatalogService/ForgetUser": (
        lambda client, r: client.forget_user(r["user_id"]),
        lambda told: {"event_count": told.events},
    ),
    "RecommendationService/Recommend": (_recommend, _recommended),
    "RecommendationService/BatchRecommend": (
        lambda client, r: client.recommend_batch(r["user_ids"], **_common(r)),
        lambda answers: {"results": list(map(_recommended, answers))},
    ),
    "RecommendationService/ListSimilarItems": (
        _similar,
        lambda answer: {"deployment": answer.deployment, "items": list(map(_line, answer.items))},
    ),
    "RecommendationService/PredictRatings": (
        lambda client, r: client.predict_ratings(r["user_id"], r["item_ids"], deployment=r["deployment"]),
        lambda answer: {"deployment": answer.deployment, "ratings": list(answer.ratings.values())},
    ),
    "RecommendationService/GetDecision": (lambda client, r: client.get_decision(r["decision_id"]), asdict),
    "GenerationService/UploadCorpus": (
        _upload,
        lambda corpus: {"corpus": {name: value for name, value in asdict(corpus).items() if name != "create_time"}},
    ),
    "GenerationService/DeleteCorpus": (lambda client, r: client.delete_corpus(r["corpus_id"]), _nothing),
    "GenerationService/Generate": (_generate, _assets),
    "GenerationService/GetAsset": (lambda client, r: client.get_asset(r["asset_id"]), _assets),
    "GenerationService/VerifyAsset": (
        lambda client, r: client.verify_asset(base64.b64decode(r["data"])),
        _verified,
    ),
    "GenerationService/PublishAsset": (
        lambda client, r: client.publish_asset(r.pop("asset_id"), **r),
        lambda told: {"item_id": told.item_id, "created": told.created},
    ),
    "InteractionService/CreateAgent": (_create_agent, _agent),
    "InteractionService/GetAgent": (lambda client, r: client.agent(r["agent_id"]), _agent),
    "InteractionService/Act": (_act, _decision),
    "InteractionService/Reward": (
        _reward,
        lambda statuses: {"statuses": ["REWARD_STATUS_" + one.name for one in statuses]},
    ),
    "InteractionService/EndSession": (_end, _summary),
    "InteractionService/BatchAct": (_batch, _batched),
    "InteractionService/Interact": (_interact, lambda answers: {"answers": answers}),
    "InteractionService/GetPolicy": (
        lambda client, r: client.agent_policy(r["agent_id"], exploit=r["exploit"]),
        lambda rows: {"rows": list(map(_row, rows))},
    ),
    "InteractionService/ListDecisions": (
        lambda client, r: client.agent_decisions(r["agent_id"]),
        lambda decisions: {"decisions": list(map(_logged, decisions))},
    ),
    "EngineService/ListModels": (
        lambda client, r: client.models(r["deployment"]),
        lambda models: {"models": list(map(_model, models))},
    ),
    "EngineService/ActivateModel": (
        lambda client, r: client.activate_model(r["deployment"], int(r["version"])),
        _model,
    ),
    "EngineService/CreateDeployment": (
        lambda client, r: client.create_deployment(r["name"], r["engine"]),
        _nothing,
    ),
    "EngineService/WatchTraining": (lambda client, r: client.watch_training(r["training_id"]), _nothing),
}


def ask(client: Any) -> Callable[[str, Json], Outcome]:
    """Makes calls by a synchronous client."""

    def one(call: str, request: Json) -> Outcome:
        make, read = _CALLS[call]
        try:
            made = make(client, request)
            return Outcome("", answer=read(list(made) if isinstance(made, Iterator) else made))
        except FootlightError as error:
            return _refusal(error)

    return one


async def ask_async(client: Any, call: str, request: Json) -> Outcome:
    """Makes a call by an asynchronous client."""
    make, read = _CALLS[call]
    try:
        made = make(client, request)
        if inspect.isawaitable(made):
            return Outcome("", answer=read(await made))
        return Outcome("", answer=read([one async for one in made]))
    except FootlightError as error:
        return _refusal(error)


def _refusal(error: FootlightError) -> Outcome:
    return Outcome("", error.code, error.reason, error.field, error.message, error.metadata)
