"""Every verb over the wire: what is sent, and what comes back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import footlight
from footlight import (
    Client,
    Decision,
    EndReason,
    Event,
    EventKind,
    Item,
    PluginState,
    PutItems,
    Reason,
    ReasonKind,
    RecordedEvents,
    Reward,
    RewardStatus,
    SessionEnd,
    Step,
    TrainingState,
)
from footlight.v1 import engine_pb2

ITEMS = [
    Item(f"m{n}", title=f"Film {n}", kind="film", tags=("drama",), attributes={"year": 1900 + n}) for n in range(8)
]


def test_items_come_back_as_they_were_put(client: Client) -> None:
    assert client.put_items(ITEMS) == PutItems(created=8, updated=0)
    assert client.get_item("m3") == ITEMS[3]


def test_listing_goes_through_all_pages(client: Client) -> None:
    client.put_items(ITEMS)
    assert list(client.items()) == ITEMS


def test_many_items_come_in_the_order_asked(client: Client) -> None:
    client.put_items(ITEMS)
    assert [item.item_id for item in client.get_items(["m2", "m0"])] == ["m2", "m0"]


def test_events_are_split_and_counted_together(client: Client, double: Any) -> None:
    events = (Event("ada", "m1", EventKind.PLAY, event_id=str(n % 10_001)) for n in range(12_000))
    assert client.record_events(events) == RecordedEvents(recorded=10_001, duplicates=1_999, log_position=10_001)
    assert double.notes.calls == ["RecordEvents"] * 3


def test_large_items_are_split_by_size(client: Client, double: Any) -> None:
    client.put_items(Item(f"m{n}", attributes={"text": "x" * 16_000}) for n in range(300))
    assert double.notes.calls == ["PutItems"] * 3


def test_no_events_make_no_call(client: Client, double: Any) -> None:
    assert client.record_events([]) == RecordedEvents(0, 0, 0)
    assert double.notes.calls == []


def test_deleted_items_are_gone(client: Client) -> None:
    client.put_items(ITEMS[:2])
    client.delete_item("m0")
    assert list(client.items()) == [ITEMS[1]]


def test_forgetting_gives_a_receipt(client: Client) -> None:
    assert client.forget_user("ada") == footlight.Erasure(events=7, decisions=2, epoch=1)


def test_a_person_is_exported_record_by_record(client: footlight.Client) -> None:
    kinds = [record.kind for record in client.export_user("ada")]
    assert kinds == ["people", "events"]


def test_recommendations_carry_their_reasons(client: Client) -> None:
    answer = client.recommend("ada", 1)
    assert (answer.user_id, answer.decision_id, answer.fallback) == ("ada", "d-ada", False)
    assert next(iter(answer)).reasons[0] == Reason(ReasonKind.BECAUSE_OF_ITEM, "m2", 0.5)


def test_reasons_are_asked_for_by_number_and_for_batches_not_at_all(client: Client) -> None:
    answers = [*(client.recommend("ada", 1, reasons=n) for n in (0, 1, 2)), client.recommend("ada", 1)]
    assert [len(next(iter(answer)).reasons) for answer in [*answers, *client.recommend_batch(["ada"], 1)]] == [
        0,
        1,
        2,
        2,
        0,
    ]


def test_many_people_are_split_and_stay_in_order(client: Client, double: Any) -> None:
    people = [f"u{n}" for n in range(1_500)]
    answers = client.recommend_batch(people, count=100)
    assert [answer.user_id for answer in answers] == people
    assert max(double.recommendation.batch_sizes) <= 200  # so that an answer holds at most 20,000 lines


def test_similar_items_carry_their_similarity(client: Client) -> None:
    assert [(line.item_id, line.score) for line in client.similar_items("m1")] == [("m2", 0.5)]


def test_values_that_a_newer_server_knows_are_unknown(client: Client) -> None:
    assert [plugin.state for plugin in client.plugins()] == [PluginState.FAILED, PluginState.UNKNOWN]


def test_assets_come_with_their_bytes(client: Client, tmp_path: Path) -> None:
    assets = list(client.generate(3, seed=40))
    assert [asset.seed for asset in assets] == [40, 41, 42]
    assert assets[0].save(tmp_path).read_bytes() == assets[0].data and len(assets[0].data) == 2560


def test_assets_are_saved_under_telling_names(client: Client, tmp_path: Path) -> None:
    asset = client.get_asset("a3")
    assert asset.save(tmp_path) == tmp_path / "gan-v2-3.npy"
    assert asset.save(tmp_path / "own.npy") == tmp_path / "own.npy"


def test_generating_tells_how_far_it_is(client: Client) -> None:
    seen: list[tuple[int, int]] = []
    list(client.generate(2, seed=0, on_progress=lambda done, total: seen.append((done, total))))
    assert seen == [(1, 2), (2, 2)]


def test_generating_can_be_stopped_early(client: Client) -> None:
    assets = client.generate(1_000, seed=0)
    assert next(assets).seed == 0
    assets.close()  # type: ignore[attr-defined]  # a generator's
    assert client.engines()


def test_damaged_assets_are_refused(client: Client, double: Any) -> None:
    double.generation.asset = bytes(2560)
    with pytest.raises(footlight.InternalError, match="checksum"):
        client.get_asset("a3")


def test_incomplete_assets_are_refused(client: Client, double: Any) -> None:
    double.generation.asset = b"short"
    with pytest.raises(footlight.InternalError, match="no complete asset"):
        client.get_asset("a3")


def test_agents_are_made_of_spaces_and_options(client: Client) -> None:
    agent = client.create_agent("guide", 16, 4, options={"epsilon": 0.1, "steps": 5}, seed=3)
    assert (agent.observations, agent.actions, agent.seed) == (16, 4, 3)
    assert agent.options == {"epsilon": 0.1, "steps": 5}


def test_agents_are_found_again(client: Client) -> None:
    made = client.create_agent("guide", 16, 4)
    assert (client.agent("guide"), list(client.agents())) == (made, [made])


def test_acting_answers_a_decision(client: Client) -> None:
    assert client.act("guide", "s1", 3) == Decision("d1", 1, 0.75, (0.25, 0.75), 0, 9)


def test_every_act_can_be_repeated_safely(client: Client, double: Any) -> None:
    client.act("guide", "s1", 3)
    client.act("guide", "s1", 3)
    assert len({request.request_id for request in double.interaction.acts} - {""}) == 2


def test_the_first_act_tells_no_outcome(client: Client, double: Any) -> None:
    client.act("guide", "s1", 3)
    client.act("guide", "s1", 4, reward=0.0, mask=[True, False], exploit=True)
    first, second = double.interaction.acts
    assert (first.HasField("outcome"), second.HasField("outcome")) == (False, True)
    assert list(second.action_mask) == [True, False] and second.exploit


def test_many_sessions_step_and_end_at_once(client: Client) -> None:
    answer = client.batch_act("guide", [Step("s1", 0), Step("s2", 1)], [SessionEnd("s3", reward=2.0)])
    assert [decision.learned_steps for decision in answer.decisions] == [0, 1]
    assert answer.ended[0].total_reward == 2.0


def test_rewards_say_what_became_of_them(client: Client) -> None:
    assert client.reward("d1", 1.0) is RewardStatus.RECORDED
    assert client.rewards([Reward("d1", -1.0), Reward("d2", 1.0)]) == [RewardStatus.LATE, RewardStatus.RECORDED]


def test_sessions_end_for_a_reason(client: Client, double: Any) -> None:
    client.end_session("guide", "s1", reason="truncated", reward=1.0, final_observation=0)
    client.end_session("guide", "s2")
    cut, done = double.interaction.ends
    assert (cut.reason, cut.final_observation.discrete, done.reason) == (2, 0, 1)
    assert cut.HasField("final_observation") and not done.HasField("final_observation")


def test_reasons_that_do_not_exist_are_refused(client: Client) -> None:
    with pytest.raises(ValueError, match="bored"):
        client.end_session("guide", "s1", reason="bored")
    assert EndReason("abandoned") is EndReason.ABANDONED


def test_training_waits_for_the_end(client: Client, double: Any) -> None:
    seen: list[float] = []
    done = client.train("gan", {"steps": 10}, seed=11, on_progress=lambda training: seen.append(training.fraction))
    assert (done.state, done.model_version, len(seen)) == (TrainingState.SUCCEEDED, 4, 3)
    assert double.engine.last.seed == 11 and double.engine.last.options["steps"] == 10


def test_trainings_tell_figures_and_time_left(client: Client) -> None:
    first = next(iter(client.watch_training("t1")))
    assert (first.metrics, first.remaining) == ({"loss": 0.5}, timedelta(seconds=90.5))


def test_watching_goes_on_after_the_connection_broke(
    client: Client, double: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("footlight._client.connection.Patience._WAITS", (0.0,))
    double.engine.break_after = 1
    assert client.train("gan").state is TrainingState.SUCCEEDED


def test_trainings_can_be_listed_and_cancelled(client: Client) -> None:
    assert [training.state for training in client.trainings("gan")] == [TrainingState.RUNNING]
    assert client.cancel_training("t1").state is TrainingState.CANCELLED


def test_models_are_listed_and_activated(client: Client) -> None:
    assert [(model.version, model.active) for model in client.models("gan")] == [(2, True)]
    assert client.activate_model("gan", 1).version == 1


def test_deployments_have_options_of_their_own(client: Client, double: Any) -> None:
    assert client.create_deployment("wide", "item-knn", {"k": 200}).options == {"k": 200}
    client.delete_deployment("wide")
    assert [one.name for one in client.deployments()] == ["gan"] and "DeleteDeployment" in double.notes.calls


def test_training_that_fails_raises_with_the_reason(client: Client, double: Any) -> None:
    double.engine.final = engine_pb2.TRAINING_STATE_FAILED
    with pytest.raises(footlight.TrainingFailed, match="the loss is NaN") as caught:
        client.train("gan")
    assert caught.value.training.training_id == "t1"
