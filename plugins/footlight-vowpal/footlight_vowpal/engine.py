"""The engines."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vowpalwabbit import Workspace

from footlight_plugins import Agent, Choice, Options, Situation, Spaces, State, Transitions
from footlight_plugins.checks import check_situation, check_steps
from footlight_vowpal.examples import actions, described, labelled, shared
from footlight_vowpal.options import VowpalOptions

_QUIET = ("--quiet", "--random_seed 1")


class Vowpal(Agent):
    """A contextual bandit of Vowpal Wabbit: ``--cb_explore_adf --cb_type mtr``.

    The distribution over actions is Vowpal Wabbit's. The action is drawn from it by the seed of the call, and what
    comes back is the exact propensity. Each reward is learned as soon as it is there, weighed by the propensity with
    which its action was taken (Bietti et al. 2021, "A Contextual Bandit Bake-off").

    An instance has two workspaces that learn the same: one is asked, and the other one is stored. Vowpal Wabbit counts
    questions in its model file, and what was learned must not depend on how often somebody asked.
    """

    options_type = VowpalOptions
    looks_ahead = False

    def __init__(self, options: Options, spaces: Spaces) -> None:
        assert isinstance(options, VowpalOptions)
        self._options, self._spaces, self._steps = options, spaces, 0
        self._learner, self._reader = (Workspace(" ".join([*_QUIET, *arguments(options)])) for _ in range(2))

    def act(self, observation: Any, mask: NDArray[np.bool_], seed: int, exploit: bool) -> Choice:
        return self.decide(Situation(observation, mask), seed, exploit)

    def decide(self, situation: Situation, seed: int, exploit: bool) -> Choice:
        """Draw an action; see `Agent.decide`. Raises ValueError where the situation is not of the spaces."""
        check_situation(self._spaces, situation)
        allowed = np.flatnonzero(situation.mask)
        lines = [shared(situation.observation), *actions(allowed, situation.candidates)]
        chances = np.array(self._reader.predict(lines), np.float64)  # of the allowed ones, rounded to float32
        if exploit:
            chances = (chances == chances.max()).astype(np.float64)
        distribution = np.zeros(len(situation.mask))
        distribution[allowed] = chances / chances.sum()
        return Choice(int(np.random.default_rng(seed).choice(len(distribution), p=distribution)), distribution)

    def learn(self, steps: Transitions) -> None:
        check_steps(self._spaces, steps, future=False)
        for i in range(len(steps)):
            lines = [shared(steps.observation[i]), *self._labelled(steps, i)]
            self._learner.learn(lines)
            self._reader.learn(lines)
        self._steps += len(steps)

    def _labelled(self, steps: Transitions, i: int) -> list[str]:
        """The lines of a step's actions. Of candidates only the one that was taken is known, which is the one that
        learns; how many others there were only changes the rate."""
        action, probable = int(steps.action[i]), 0.0 if steps.propensity is None else float(steps.propensity[i])
        weighed = max(probable, self._options.least_propensity) if probable > 0 else 1.0  # 0: nobody knows
        if steps.chosen is not None:
            return [labelled(described(steps.chosen[i]), float(steps.reward[i]), weighed)]
        lines = actions(np.arange(self._spaces.action.n), None)
        lines[action] = labelled(lines[action], float(steps.reward[i]), weighed)
        return lines

    @property
    def learned_steps(self) -> int:
        return self._steps

    def state(self) -> State:
        """The bytes of the model file, as ``vw -i`` reads it."""
        model = np.frombuffer(_saved(self._learner), np.uint8)
        return State({"model": model}, {"steps": self._steps, "arguments": arguments(self._options)})

    def load(self, state: State) -> None:
        model, steps = state.arrays.get("model"), state.meta.get("steps")
        if model is None or model.ndim != 1 or not isinstance(steps, int):
            raise ValueError("the state must hold an array 'model' of shape (bytes,) and a number 'steps'")
        if state.meta.get("arguments") != arguments(self._options):
            raise ValueError(
                f"the state was learned with {state.meta.get('arguments')}, not {arguments(self._options)}"
            )
        data = np.asarray(model, np.uint8).tobytes()
        self._learner, self._reader, self._steps = _opened(data), _opened(data), steps


class VowpalFeatures(Vowpal):
    """The same with vectors for observations, and with actions that come with each request."""

    takes_features = True
    takes_candidates = True


def _saved(vw: Workspace) -> bytes:
    """The bytes of the model file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.vw"
        vw.save(str(path))
        return path.read_bytes()


def _opened(model: bytes) -> Workspace:
    """A workspace with a model; ValueError where the bytes are none."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.vw"
        path.write_bytes(model)
        try:
            return Workspace(" ".join([*_QUIET, "--preserve_performance_counters", f"-i {path}"]))
        except RuntimeError as fault:
            raise ValueError(f"the state holds no model of Vowpal Wabbit: {fault}") from fault


def arguments(options: VowpalOptions) -> list[str]:
    """The options in the words of the command line of ``vw``."""
    explore = {
        "epsilon": f"--epsilon {options.epsilon:.9g}",
        "squarecb": f"--squarecb --gamma_scale {options.gamma_scale:.9g}",
        "softmax": f"--softmax --lambda {1 / options.temperature:.9g}",
    }
    learn = f"--learning_rate {options.learning_rate:.9g} --power_t {options.rate_decay:.9g} -b {options.bits}"
    together = ["-q OA"] if options.interactions else []
    return ["--cb_explore_adf --cb_type mtr", explore[options.exploration], learn, *together]
