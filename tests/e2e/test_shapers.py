"""Reward shapers: an agent learns from what they say, its log keeps what was told, and one that fails hurts nobody."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from footlight import (
    AgentSettings,
    Client,
    DiscreteSpace,
    EndReason,
    InvalidArgument,
    PartUse,
    RewardPolicy,
    Step,
    TargetPolicy,
)

if TYPE_CHECKING:
    from tests.e2e.conftest import Server

QUICK = {"learning_rate": 0.5, "discount_factor": 0.5}
POTENTIAL: dict[str, Any] = {"values": [0.0, 4.0], "gamma": 0.5}
DEEDS = ("raise", "exit", "sleep", "nothing", "floats", "nan", "many", "write")


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory, shelf: Any) -> Iterator[Server]:
    from tests.e2e.conftest import PLUGINS, Server

    data = tmp_path_factory.mktemp("shapers")
    options = ("--plugins-dir", str(PLUGINS), "--part-seconds", "0.3", "--metrics-listen", "127.0.0.1:0")
    server = Server(data, *shelf.arguments(data), *options)
    yield server
    server.kill()


def pupil(client: Client, name: str, shaper: str = "", deployment: str = "q-learning", **options: Any) -> str:
    settings = AgentSettings(RewardPolicy(shaper=shaper, shaper_options=options))
    client.create_agent(name, 3, 2, deployment=deployment, options=QUICK, seed=7, settings=settings)
    return name


def lesson(client: Client, name: str, session: str = "s") -> tuple[int, float]:
    """One step from 0 to 1 for a reward of 1, and the end for 2; the first action and what is expected of it then."""
    first = client.act(name, session, 0)
    client.act(name, session, 1, reward=1.0)
    client.end_session(name, session, reason=EndReason.TERMINATED, reward=2.0)
    return first.action, expected(client, name, first.action)


def expected(client: Client, name: str, action: int, observation: int = 0) -> float:
    return client.agent_policy(name, [Step("-", observation)])[0].expected[action]


def use(client: Client, name: str) -> list[PartUse]:
    return [use for plugin in client.plugins() for part in plugin.parts if part.name == name for use in part.uses]


def test_an_agent_learns_from_what_its_shaper_says(school: Server) -> None:
    """From 0 to 1: 1 + 0.5 * 4 - 0 instead of 1, half of which is learned."""
    pupil(school.client, "plain"), pupil(school.client, "shaped", "potential", **POTENTIAL)
    plain, shaped = lesson(school.client, "plain"), lesson(school.client, "shaped")
    assert plain[0] == shaped[0]
    assert [plain[1], shaped[1]] == pytest.approx([0.5, 1.5])


def test_the_agent_says_what_shapes_its_rewards(school: Server) -> None:
    pupil(school.client, "frank", "potential", **POTENTIAL)
    reward = school.client.agent("frank").settings.reward
    assert (reward.shaper, reward.shaper_options) == ("potential", POTENTIAL)
    assert any(one.used_by == "agents of q-learning" for one in use(school.client, "potential"))


def test_its_log_and_its_evaluation_have_the_rewards_that_were_told(school: Server) -> None:
    for name, shaper in (("told", ""), ("heard", "doubled")):
        pupil(school.client, name, shaper)
        for session in range(4):
            lesson(school.client, name, f"s{session}")
    logs = [[one.reward for one in school.client.agent_decisions(name)] for name in ("told", "heard")]
    values = [school.client.evaluate_policy(name, TargetPolicy.LOGGED).logged_value for name in ("told", "heard")]
    assert logs[0] == logs[1] and values[0] == values[1] == pytest.approx(1.5)


@pytest.mark.parametrize("deed", DEEDS)
def test_what_was_told_is_learned_where_the_shaper_fails(school: Server, tmp_path: Path, deed: str) -> None:
    (tmp_path / "flag").touch()
    pupil(school.client, f"bare-{deed}")
    pupil(school.client, f"rash-{deed}", "doubled", does=deed, flag=str(tmp_path / "flag"))
    assert lesson(school.client, f"rash-{deed}")[1] == lesson(school.client, f"bare-{deed}")[1]
    faults = [one.health.faults for one in use(school.client, "doubled") if one.options.get("does") == deed]
    assert faults[0] >= 1
    assert "reward-shaper 'doubled' of plug-in 'rash'" in school.log


def test_one_that_hung_is_asked_again_later(school: Server, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    flag.touch()
    pupil(school.client, "patient", "doubled", does="sleep", flag=str(flag))
    lesson(school.client, "patient", "while it hangs")
    flag.unlink()
    end = time.monotonic() + 20.0
    while time.monotonic() < end and not any(
        one.health.restarts for one in use(school.client, "doubled") if one.options.get("flag") == str(flag)
    ):
        time.sleep(0.05)
    pupil(school.client, "pupil of the patient", "doubled", does="sleep", flag=str(flag))
    assert lesson(school.client, "pupil of the patient")[1] == pytest.approx(1.0)


def test_a_replay_comes_to_the_same_without_asking_anybody(school: Server, tmp_path: Path) -> None:
    """The shaper fails half way; killed, and without its plug-in, the server knows all that the agent had learned."""
    from tests.e2e.conftest import Server

    data, flag = tmp_path / "data", tmp_path / "flag"
    first = Server(data, "--plugins-dir", str(Path(__file__).with_name("one_file_plugins")), "--part-seconds", "0.3")
    pupil(first.client, "alice", "doubled", does="raise", flag=str(flag))
    for session in range(6):
        if session == 3:
            flag.touch()
        lesson(first.client, "alice", f"s{session}")
    before = first.client.agent_policy("alice")
    first.kill()
    again = Server(data)
    try:
        assert again.client.agent_policy("alice") == before
        assert lesson(again.client, "alice", "without it")[1] >= 0.0
        assert "no plug-in offers the reward shaper 'doubled'" in again.log
    finally:
        again.kill()


@pytest.mark.parametrize(
    ("shaper", "options", "field"),
    [
        ("nobody", {}, "reward_policy.shaper.name"),
        ("potential", {"gamma": 7.0}, "reward_policy.shaper.options"),
        ("potential", {"values": [1.0] * 9}, "reward_policy.shaper"),
    ],
)
def test_a_shaper_that_cannot_be_is_refused(school: Server, shaper: str, options: Any, field: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        pupil(school.client, "refused", shaper, **options)
    assert refusal.value.field == field


def test_options_without_a_shaper_are_refused(school: Server) -> None:
    with pytest.raises(InvalidArgument, match="shaper"):
        school.client.create_agent(
            "nameless", DiscreteSpace(2), 2, settings=AgentSettings(RewardPolicy(shaper_options={"gamma": 0.5}))
        )
