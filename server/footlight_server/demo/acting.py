"""Act: an agent that learns FrozenLake through the API."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import gymnasium

import footlight
from footlight_server.demo.pictures import draw_success, percent
from footlight_server.demo.stage import SEED, Stage

AGENT = "skater"
SESSIONS = 64
"""So many sessions go on side by side; one call makes a step of each."""
WINDOW = 500
"""The success rate is that of the last so many sessions."""
GREEDY_SESSIONS = 512


@dataclass(slots=True)
class Lake:
    """One environment, its session, and what the agent sees in it."""

    environment: gymnasium.Env[int, int]
    number: int
    observation: int = 0
    reward: float | None = None
    """Of the step before; None at the start of a session."""
    episodes: int = 0

    @property
    def session(self) -> str:
        return f"lake-{self.number}-{self.episodes}"


@dataclass(slots=True)
class Score:
    """What came of the sessions that have ended."""

    successes: list[bool] = field(default_factory=list)
    steps: int = 0

    def rate(self, last: int) -> float:
        """The share of the last sessions that reached the goal."""
        recent = self.successes[-last:]
        return sum(recent) / max(1, len(recent))


def act(stage: Stage) -> None:
    """Play the whole part."""
    stage.title("Act: FrozenLake-v1, slippery, 4 x 4")
    total = 32_000 if stage.quick else 96_000
    # An optimistic start does most of the exploring, so that a small epsilon is enough.
    options = {
        "learning_rate": 0.04,
        "discount_factor": 0.995,
        "initial_value": 0.7,
        "epsilon_start": 0.3,
        "epsilon_end": 0.02,
        "epsilon_decay_steps": total * 6 // 10,
    }
    stage.client.create_agent(AGENT, 16, 4, options=options, seed=SEED)
    started = time.perf_counter()
    score, curve = _learn(stage, total)
    seconds = time.perf_counter() - started
    greedy = _greedy(stage)
    stage.say(
        f"{score.steps:,} steps in {len(score.successes):,} sessions through the API in {seconds:.0f} s "
        f"({score.steps / seconds:,.0f} steps a second, every one durable)."
    )
    stage.say(
        f"Success rate while exploring: {percent(score.rate(WINDOW))}; without exploring: {percent(greedy)} "
        "(the best possible policy reaches 74 %)."
    )
    draw_success(curve, greedy, stage.folder / "frozen-lake.png")
    stage.say(f"Picture: {stage.folder / 'frozen-lake.png'}")
    stage.figures["act"] = {
        "steps": score.steps,
        "sessions": len(score.successes),
        "steps_per_second": round(score.steps / seconds),
        "success_exploring": round(score.rate(WINDOW), 3),
        "success_greedy": round(greedy, 3),
        "curve": [[steps, round(rate, 3)] for steps, rate in curve],
    }


def _lakes(first_seed: int) -> list[Lake]:
    lakes = []
    for number in range(SESSIONS):
        environment = gymnasium.make("FrozenLake-v1", is_slippery=True)
        observation, _ = environment.reset(seed=first_seed + number)
        lakes.append(Lake(environment, number, int(observation)))
    return lakes


def _learn(stage: Stage, total: int) -> tuple[Score, list[tuple[int, float]]]:
    score, curve, lakes = Score(), [], _lakes(SEED)
    ends: list[footlight.SessionEnd] = []
    with stage.progress() as bars:
        task = bars.add_task("learning", total=total, note="")
        while score.steps < total:
            ends = _step(stage, lakes, ends, score, exploit=False)
            if score.steps % (total // 50) < SESSIONS:
                curve.append((score.steps, score.rate(WINDOW)))
            bars.update(task, completed=score.steps, note=f"success {percent(score.rate(WINDOW))}")
    stage.client.batch_act(AGENT, ends=ends + _cut_off(lakes))
    return score, curve


def _greedy(stage: Stage) -> float:
    """The success rate of the policy without exploration; nothing is learned from these sessions."""
    score, lakes = Score(), _lakes(SEED + 10_000)
    for lake in lakes:
        lake.episodes = 1_000_000  # sessions of their own
    ends: list[footlight.SessionEnd] = []
    while len(score.successes) < GREEDY_SESSIONS:
        ends = _step(stage, lakes, ends, score, exploit=True)
    stage.client.batch_act(AGENT, ends=ends + _cut_off(lakes))
    return score.rate(len(score.successes))


def _step(
    stage: Stage, lakes: list[Lake], ends: list[footlight.SessionEnd], score: Score, *, exploit: bool
) -> list[footlight.SessionEnd]:
    """One step of every lake: tell how the sessions before ended, act, and see what follows."""
    steps = [footlight.Step(lake.session, lake.observation, lake.reward, exploit=exploit) for lake in lakes]
    answer = stage.client.batch_act(AGENT, steps, ends)
    ended = []
    for lake, decision in zip(lakes, answer.decisions, strict=True):
        observation, reward, terminated, truncated, _ = lake.environment.step(decision.action)
        lake.observation, lake.reward = int(observation), float(reward)
        if terminated or truncated:
            ended.append(_end(lake, terminated))
            score.successes.append(float(reward) > 0)
    score.steps += len(lakes)
    return ended


def _end(lake: Lake, terminated: bool) -> footlight.SessionEnd:
    """The lake reached its goal or a hole, or time ran out, which is no end of the world: its future still counts."""
    reason = footlight.EndReason.TERMINATED if terminated else footlight.EndReason.TRUNCATED
    end = footlight.SessionEnd(
        lake.session, reason, lake.reward, final_observation=None if terminated else lake.observation
    )
    observation, _ = lake.environment.reset()
    lake.episodes += 1
    lake.observation, lake.reward = int(observation), None
    return end


def _cut_off(lakes: list[Lake]) -> list[footlight.SessionEnd]:
    return [
        footlight.SessionEnd(
            lake.session, footlight.EndReason.TRUNCATED, lake.reward, final_observation=lake.observation
        )
        for lake in lakes
        if lake.reward is not None
    ]
