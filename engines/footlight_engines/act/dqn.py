"""Deep Q-learning: Mnih et al. (2015), "Human-level control through deep reinforcement learning"."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from footlight_engines.act.chance import uniform, uniforms
from footlight_engines.act.checking import Steps, checked_mask, checked_steps, checked_vector
from footlight_engines.act.dqn_network import QNetwork, temporal_difference_loss
from footlight_engines.act.dqn_options import DqnOptions
from footlight_engines.act.exploration import Exploration
from footlight_engines.kernels import exploration, tabular
from footlight_plugins import Agent, Box, Choice, Discrete, Options, Spaces, State, Transitions

MAX_BUFFER = 500_000_000
"""The largest replay buffer, in bytes."""
_COLUMNS = ("observation", "action", "reward", "next_observation", "terminated", "next_mask")


class Dqn(Agent):
    """Learns the value of each action by a network that replays what it has met.

    Everything is float32 on the processor with one thread, so that the same steps give the same network.
    """

    options_type: ClassVar[type[Options]] = DqnOptions
    takes_features: ClassVar[bool] = True

    def __init__(self, options: Options, spaces: Spaces) -> None:
        """Make a network from the seed of the options.

        Raises
        ------
        ValueError
            When the observation is no vector, the actions are not discrete, or the buffer would be too large.
        """
        if not isinstance(options, DqnOptions):
            raise TypeError(f"options must be DqnOptions, not {type(options).__name__}")
        if not isinstance(spaces.observation, Box) or not isinstance(spaces.action, Discrete):
            raise ValueError("deep Q-learning observes vectors and chooses among a fixed number of actions")
        size, actions = spaces.observation.size, spaces.action.n
        if options.buffer_size * (8 * size + actions + 16) > MAX_BUFFER:
            raise ValueError(f"a buffer of {options.buffer_size:,} steps of {size} numbers: at most 500 MB fit")
        self._options, self._seen, self._actions = options, spaces.observation, actions
        self._exploration = Exploration(options)
        torch.set_num_threads(1)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            self._online = QNetwork(size, actions, options.hidden, options.dueling)
        self._target = QNetwork(size, actions, options.hidden, options.dueling)
        self._target.load_state_dict(self._online.state_dict())
        self._optimizer = torch.optim.Adam(self._online.parameters(), lr=options.learning_rate, eps=1.5e-4)
        self._buffer = _empty(0, size, actions)

    @property
    def learned_steps(self) -> int:
        """From how many steps it has learned."""
        return self._exploration.learned_steps

    @torch.no_grad()
    def act(self, observation: Any, mask: NDArray[np.bool_], seed: int, exploit: bool) -> Choice:
        """Draw an action with its exact distribution; see `Agent.act`.

        Raises
        ------
        ValueError
            When the observation has another shape or is not finite, the mask allows nothing, or the seed is negative.
        """
        vector = torch.from_numpy(checked_vector(observation, self._seen.size)).float()[None]
        mask, distribution = checked_mask(mask, self._actions), np.empty(self._actions)
        q = self._values(vector)
        exploration.mix_greedy(q, mask, 0.0 if exploit else self._exploration.epsilon, distribution)
        return Choice(int(tabular.draw(distribution, uniform(seed))), distribution, q)

    def _values(self, vector: torch.Tensor) -> NDArray[np.float64]:
        """Before anything is replayed all actions are equal, whatever the network was born with."""
        if self.learned_steps < self._options.learning_starts:
            return np.zeros(self._actions)
        q: NDArray[np.float64] = self._online(vector)[0].double().numpy()
        return q

    def learn(self, steps: Transitions) -> None:
        """Keep completed steps, and replay a batch once in ``train_every`` of them.

        Raises
        ------
        ValueError
            When a step is out of range or not finite; nothing is learned from any of them then.
        """
        checked = checked_steps(steps, self._seen, self._actions)
        start, every = 0, self._options.train_every
        while start < len(checked):
            end = min(len(checked), start + every - self.learned_steps % every)
            self._keep(checked, slice(start, end))
            self._exploration.learned_steps += end - start
            if self.learned_steps % every == 0 and self.learned_steps >= self._options.learning_starts:
                self._replay()
            if self.learned_steps // self._options.target_every > (self.learned_steps - (end - start)) // (
                self._options.target_every
            ):
                self._target.load_state_dict(self._online.state_dict())
            start = end

    def _keep(self, steps: Steps, rows: slice) -> None:
        """Write steps into the ring: step number t lies in row t mod the buffer's size."""
        number = self.learned_steps + np.arange(rows.stop - rows.start)
        place = number % self._options.buffer_size
        if len(self._buffer["action"]) <= place.max():
            self._grow(int(place.max()) + 1)
        for name in _COLUMNS:
            self._buffer[name][place] = getattr(steps, name)[rows]

    def _grow(self, least: int) -> None:
        before, used = self._buffer, len(self._buffer["action"])
        room = min(self._options.buffer_size, max(1_024, 2 * used, least))
        self._buffer = _empty(room, self._seen.size, self._actions)
        for name in _COLUMNS:
            self._buffer[name][:used] = before[name]

    def _replay(self) -> None:
        """One step of Adam on a batch that follows from the seed and the number of learned steps."""
        options, held = self._options, min(self.learned_steps, self._options.buffer_size)
        seed = np.array([(options.seed << 32) + self.learned_steps], np.uint64)
        rows = (uniforms(seed, options.batch_size)[0] * held).astype(np.int64)
        batch = [torch.from_numpy(self._buffer[name][rows]) for name in _COLUMNS]
        loss = temporal_difference_loss(self._online, self._target, batch, options.discount_factor, options.double)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._online.parameters(), options.gradient_norm)
        self._optimizer.step()

    def drifted(self) -> None:
        """Explore more for a while; the buffer forgets by itself."""
        self._exploration.alarm = self.learned_steps

    def state(self) -> State:
        """Copies of both networks, of Adam's moments, and of the replay buffer."""
        held = min(self.learned_steps, self._options.buffer_size)
        arrays: dict[str, NDArray[Any]] = {f"buffer.{name}": self._buffer[name][:held].copy() for name in _COLUMNS}
        for prefix, network in (("online", self._online), ("target", self._target)):
            arrays |= {f"{prefix}.{name}": t.numpy().copy() for name, t in network.state_dict().items()}
        for i, moments in self._optimizer.state_dict()["state"].items():
            arrays |= {f"adam.{i}.{name}": t.numpy().copy() for name, t in moments.items()}
        return State(arrays, self._exploration.meta())

    def load(self, state: State) -> None:
        """Take over networks of the same spaces and options.

        Raises
        ------
        ValueError
            When an array is missing or has another shape.
        """
        restored, held = self._exploration.restored(state), 0
        try:
            held = min(restored.learned_steps, self._options.buffer_size)
            buffer = _empty(held, self._seen.size, self._actions)
            for name in _COLUMNS:
                if state.arrays[f"buffer.{name}"].shape != buffer[name].shape:
                    raise ValueError(f"state of dqn: 'buffer.{name}' must have shape {buffer[name].shape}")
                buffer[name][:] = state.arrays[f"buffer.{name}"]
            for prefix, network in (("online", self._online), ("target", self._target)):
                names = network.state_dict()
                network.load_state_dict({n: torch.from_numpy(np.array(state.arrays[f"{prefix}.{n}"])) for n in names})
            self._load_adam(state)
        except (KeyError, RuntimeError) as wrong:
            raise ValueError(f"state of dqn: {wrong}") from wrong
        self._buffer, self._exploration = buffer, restored

    def _load_adam(self, state: State) -> None:
        held: dict[int, dict[str, torch.Tensor]] = {}
        for name, array in state.arrays.items():
            if name.startswith("adam."):
                _, index, moment = name.split(".")
                held.setdefault(int(index), {})[moment] = torch.from_numpy(np.array(array))
        whole = self._optimizer.state_dict()
        self._optimizer.load_state_dict({**whole, "state": held})


def _empty(n: int, size: int, actions: int) -> dict[str, NDArray[Any]]:
    return {
        "observation": np.zeros((n, size), np.float32),
        "action": np.zeros(n, np.int64),
        "reward": np.zeros(n, np.float32),
        "next_observation": np.zeros((n, size), np.float32),
        "terminated": np.zeros(n, np.bool_),
        "next_mask": np.ones((n, actions), np.bool_),
    }
