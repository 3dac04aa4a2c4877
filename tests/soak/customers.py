"""Who writes while the server is killed. Each remembers what was acknowledged, and afterwards asks whether it is there.

What was on its way when the server died is done again under the same ids, as a client does: after that it must be there
once, whether or not the first attempt was.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import TypeVar

from footlight import Client, Decision, Event, EventKind, RewardStatus, Training, TrainingState

T = TypeVar("T")

BATCH = 10
SESSION = 6
"""Decisions in a session."""
RECENT = 5
"""So many of the last acknowledged operations are checked after every restart, all of them at the end."""
ITEMS = 20


class Customer(ABC):
    """Does one operation after the other."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.done = 0
        """How many operations were acknowledged."""
        self.tried = False
        """Whether the operation after them was sent before."""
        self.hops = False
        """Whether there are several servers: the client itself sends again, to another one, what it had no answer to."""
        self.unheard = 0
        """Operations that were done although their answer never came."""

    def go_on(self, client: Client) -> None:
        """Do the next operation, or the one that was not acknowledged again."""
        again, self.tried = self.tried or self.hops, True
        self.operate(client, again)
        self.done += 1
        self.tried = False

    @abstractmethod
    def operate(self, client: Client, again: bool) -> None:
        """Do operation number ``done``; ``again`` where it may have been done."""

    @abstractmethod
    def check(self, client: Client, last: int) -> None:
        """Compare what the server has with what was acknowledged, the last operations one by one."""

    def recent(self, last: int) -> range:
        """The numbers of the last operations."""
        return range(max(0, self.done - last), self.done)


class Importer(Customer):
    """Records batches of events."""

    def operate(self, client: Client, again: bool) -> None:
        answer = client.record_events(self._batch(self.done))
        counts = (answer.recorded, answer.duplicates)
        self.unheard += again and answer.duplicates > 0
        assert counts == (BATCH, 0) or (again and counts == (0, BATCH)), f"{self.name}: {answer}"

    def _batch(self, number: int) -> list[Event]:
        first = number * BATCH
        return [
            Event(self.name, f"i{n % ITEMS:02}", EventKind.PLAY, event_id=f"{self.name}-{n}")
            for n in range(first, first + BATCH)
        ]

    def check(self, client: Client, last: int) -> None:
        """The log has each event, and the engine has counted each once."""
        for number in self.recent(last):
            answer = client.record_events(self._batch(number))
            assert (answer.recorded, answer.duplicates) == (0, BATCH), f"{self.name}, batch {number}: {answer}"
        found = client.recommend(self.name, ITEMS, deployment="tally", include_seen=True)
        scores = [item.score for item in found]
        assert sum(scores) == BATCH * self.done, f"{self.name}: {self.done} batches, counted {sum(scores)} events"


class Player(Customer):
    """Plays sessions: each operation is a decision with the outcome of the one before, a reward, or the end."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._decisions: list[Decision] = []

    def operate(self, client: Client, again: bool) -> None:
        turn = self.done % (2 * SESSION + 1)
        if turn == 2 * SESSION:
            self._end(client)
        elif turn % 2 == 0:
            self._decisions.append(self._act(client, len(self._decisions)))
        else:
            status = self._reward(client, len(self._decisions) - 1)
            self.unheard += again and status is RewardStatus.DUPLICATE
            fine = (RewardStatus.RECORDED, RewardStatus.DUPLICATE) if again else (RewardStatus.RECORDED,)
            assert status in fine, f"{self.name}, decision {len(self._decisions)}: {status}"

    def _act(self, client: Client, number: int) -> Decision:
        session, step = divmod(number, SESSION)
        reward = float(step) if step else None
        return client.act(self.name, f"s{session}", step % 4, reward=reward, request_id=f"{self.name}-{number}")

    def _reward(self, client: Client, number: int) -> RewardStatus:
        return client.reward(self._decisions[number].decision_id, 0.5, reward_id=f"{self.name}-{number}")

    def _end(self, client: Client) -> None:
        session = len(self._decisions) // SESSION - 1
        summary = client.end_session(self.name, f"s{session}", reward=float(SESSION))
        total = sum(range(SESSION + 1)) + 0.5 * SESSION
        assert (summary.decisions, summary.total_reward) == (SESSION, total), f"{self.name}: {summary}"

    def check(self, client: Client, last: int) -> None:
        """Every decision and every reward is known, and each outcome was learned once."""
        made = len(self._decisions)
        for number in range(max(0, made - last), made):
            assert self._act(client, number) == self._decisions[number], f"{self.name}, decision {number}"
        rewarded = made if self.done % (2 * SESSION + 1) % 2 == 0 else made - 1
        for number in range(max(0, rewarded - last), rewarded):
            assert self._reward(client, number) is RewardStatus.DUPLICATE, f"{self.name}, reward {number}"
        ended = self.done // (2 * SESSION + 1)
        open_now = made - ended * SESSION
        expected = ended * SESSION + max(0, open_now - 1)
        learned = client.agent(self.name).learned_steps
        assert learned == expected, f"{self.name}: learned {learned} steps of {expected}"


class Trainer(Customer):
    """Trains the engine that counts, and after every other training goes back to the version before."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._versions: list[int] = []
        self._trainings: set[str] = set()
        self._active = 0
        self.twins = 0
        """Versions that no training answers for: made by one whose server died before it heard of them."""

    def operate(self, client: Client, again: bool) -> None:
        if self.done % 3 == 2:
            self._active = client.activate_model(self.name, self._versions[-2]).version
            return
        training = self._begun(client) if again else None
        if training is None:
            training = client.start_training(self.name, seed=self.done)
        while not training.ended:  # `watch_training` would wait for the server to come back
            time.sleep(0.05)
            training = next(t for t in client.trainings(self.name) if t.training_id == training.training_id)
        assert training.state is TrainingState.SUCCEEDED, f"{training}"
        self._trainings.add(training.training_id)
        self._versions.append(training.model_version)
        self._active = training.model_version

    def _begun(self, client: Client) -> Training | None:
        """The training that the attempt before began, if it did."""
        return next((t for t in client.trainings(self.name) if t.training_id not in self._trainings), None)

    def check(self, client: Client, last: int) -> None:
        """Every version is there once, whole, and the right one serves."""
        models = client.models(self.name)
        versions = [model.version for model in models]
        missing = set(self._versions) - set(versions)
        assert not missing and len(set(versions)) == len(versions), f"{versions}, acknowledged {self._versions}"
        self.twins = len(versions) - len(self._versions)
        active = [model.version for model in models if model.active]
        assert active == [self._active], (
            f"{active} of {versions} serves, acknowledged {self._active} of {self._versions}"
        )
        problems = {model.version: model.problem for model in models if model.problem}
        assert not problems, f"{problems}, acknowledged {self._versions}"
        trainings = {training.training_id for training in client.trainings(self.name)}
        assert trainings == self._trainings
