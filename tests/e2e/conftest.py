"""A server in a process of its own, and what the tests ask it about."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2, status_pb2
from tests import forked
from tests.postgresql import STORES, own_cluster
from typer.testing import CliRunner

from footlight import Client, Event, EventKind, Item
from footlight.cli.app import build

READY_SECONDS = 60.0
COMMAND_SECONDS = 120.0
PLUGINS = Path(__file__).with_name("one_file_plugins")
SHORT = {"steps": 5, "media": "npy"}
ON_BOTH_STORES = {
    "test_act",
    "test_audit",
    "test_catalogue",
    "test_durability",
    "test_export_user",
    "test_followers",
    "test_listeners",
    "test_outage",
    "test_recommend",
    "test_retention",
    "test_shapers",
}
"""The modules whose tests run on SQLite and again on PostgreSQL; all others run on SQLite."""
BY_COMMAND = {"test_command_line", "test_crew", "test_process"}
"""The modules whose own processes are started by their command line, as in the long tests; all others: `tests/forked.py`."""

Start = Callable[..., "Server"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test with a server runs on SQLite, and those of some modules once more on PostgreSQL."""
    chosen = [mark for mark in metafunc.definition.iter_markers("parametrize") if "store" in mark.args[0]]
    if "store" in metafunc.fixturenames and not chosen:
        both = metafunc.module.__name__.rpartition(".")[2] in ON_BOTH_STORES
        metafunc.parametrize("store", STORES if both else STORES[:1], indirect=True, scope="session")


class Shelf:
    """Where the servers keep their rows: inside their data directories, or each in a database of the tests' cluster."""

    def __init__(self, store: str) -> None:
        self.store = store
        self._databases: dict[Path, str] = {}

    def arguments(self, data_dir: Path) -> list[str]:
        """What a server on that data directory is to be told."""
        if self.store == "sqlite":
            return []
        if data_dir not in self._databases:
            self._databases[data_dir] = own_cluster().fresh()
        return ["--database", own_cluster().url(self._databases[data_dir])]

    def copy(self, source: Path, target: Path) -> None:
        """Copy a data directory, and the rows that belong to it; its server must have stopped."""
        shutil.copytree(source, target)
        if source in self._databases:
            self._databases[target] = own_cluster().create(self._databases[source])

    def clear(self, folder: Path = Path("/")) -> None:
        """Drop the databases of the data directories in a folder."""
        for data_dir in [one for one in self._databases if one.is_relative_to(folder)]:
            own_cluster().drop(self._databases.pop(data_dir))


class Server:
    """A running `footlight serve`."""

    def __init__(self, data_dir: Path, *arguments: str, port: int = 0) -> None:
        self.data_dir = data_dir
        data_dir.mkdir(parents=True, exist_ok=True)
        ready = data_dir / "ready"
        ready.unlink(missing_ok=True)
        self.log_path = data_dir / "server.log"
        self.words = ["serve", "--data-dir", str(data_dir), "--listen", f"127.0.0.1:{port}"]
        self.words += ["--ready-file", str(ready), *arguments]
        with self.log_path.open("ab") as log:
            self.process = self.begin(self.words, log)
        self.address, *further = self._wait_for(ready).split()
        self.web = f"http://{further[0]}" if further else ""
        self.metrics = f"http://{further[-1]}" if further else ""
        self.port = int(self.address.rpartition(":")[2])
        self.client = Client(self.address, retry_seconds=0.8)  # the tests kill servers, and are not to wait
        self.channel = grpc.insecure_channel(self.address)

    def begin(self, words: list[str], log: IO[bytes]) -> forked.Process:
        """Start the process."""
        return forked.start(words, log, log)

    def _wait_for(self, ready: Path) -> str:
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            if ready.exists():
                return ready.read_text().strip()
            time.sleep(0.02)
        self.process.kill()
        self.process.wait()
        raise RuntimeError(f"the server did not start:\n{self.log}")

    @property
    def log(self) -> str:
        """Everything that it wrote on its output."""
        return self.log_path.read_text()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End the process by a signal; answers its exit code."""
        self.client.close()
        self.channel.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait()

    def kill(self) -> None:
        """End the process without asking it."""
        self.stop(signal.SIGKILL)


class Commanded(Server):
    """A server that was started by its command line, and imports everything itself."""

    def begin(self, words: list[str], log: IO[bytes]) -> forked.Process:
        return subprocess.Popen([*forked.COMMAND, *words], stdout=log, stderr=log)


MakeToken = Callable[..., str]


@pytest.fixture(scope="session")
def start_server() -> Callable[..., Server]:
    """Starts a server on a data directory; whoever starts it ends it."""
    return Server


@pytest.fixture(scope="session")
def make_token() -> MakeToken:
    """Makes a token in a server's database, as the command does it: server, tenant, scopes, and further options."""

    def make(server: Server, tenant: str, *scopes: str, **options: object) -> str:
        words = ["tokens", "create", f"of {tenant}", "--tenant", tenant, "--data-dir", str(server.data_dir)]
        words += [word for scope in scopes for word in ("--scope", scope)]
        words += [word for name, value in options.items() for word in (f"--{name}", str(value))]
        made = CliRunner().invoke(build(), words)
        assert made.exit_code == 0, made.output
        return made.stdout.strip()

    return make


@pytest.fixture(scope="session")
def store(request: pytest.FixtureRequest) -> str:
    """Which database the servers use."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def shelf(store: str) -> Iterator[Shelf]:
    made = Shelf(store)
    yield made
    made.clear()


@pytest.fixture
def by_command(request: pytest.FixtureRequest) -> bool:
    """Whether the test's processes are started by their command line."""
    is_long = request.node.get_closest_marker("soak") is not None
    return is_long or request.module.__name__.rpartition(".")[2] in BY_COMMAND


@pytest.fixture
def server_factory(tmp_path: Path, shelf: Shelf, by_command: bool) -> Iterator[Start]:
    """Starts servers; all that still run at the end of the test are killed. The same data directory unless said."""
    started: list[Server] = []
    kind = Commanded if by_command else Server

    def start(*arguments: str, data_dir: Path = tmp_path / "data", port: int = 0) -> Server:
        started.append(kind(data_dir, *shelf.arguments(data_dir), *arguments, port=port))
        return started[-1]

    yield start
    for server in started:
        server.kill()
    shelf.clear(tmp_path)


@pytest.fixture(scope="session")
def trained_data(tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> Path:
    """The data directory of a server that stopped: catalogue, log, an item-knn trained with k=1 and then with k=30."""
    data_dir = tmp_path_factory.mktemp("trained")
    server = Server(data_dir, *shelf.arguments(data_dir))
    server.client.put_items(catalogue())
    server.client.record_events(history())
    for k in (1, 30):
        server.client.train("item-knn", {"k": k})
    server.stop()
    return server.data_dir


@pytest.fixture(scope="session")
def house(trained_data: Path, tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> Iterator[Server]:
    """A server on the trained data, with the plug-ins of `one_file_plugins`, for tests that only read."""
    data_dir = tmp_path_factory.mktemp("house") / "data"
    shelf.copy(trained_data, data_dir)
    server = Server(data_dir, *shelf.arguments(data_dir), "--plugins-dir", str(PLUGINS))
    yield server
    server.kill()


@pytest.fixture(scope="session")
def hunted(trained_data: Path, tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> Iterator[Server]:
    """A server on the trained data that may be asked and told anything."""
    data_dir = tmp_path_factory.mktemp("hunted") / "data"
    shelf.copy(trained_data, data_dir)
    server = Server(data_dir, *shelf.arguments(data_dir))
    server.client.create_agent("robot", 4, 2, seed=1)
    yield server
    server.kill()


@pytest.fixture
def stocked(trained_data: Path, tmp_path: Path, server_factory: Start, shelf: Shelf) -> Server:
    """A server of the test's own on the trained data."""
    shelf.copy(trained_data, tmp_path / "data")
    return server_factory()


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> Iterator[Server]:
    """A server with a catalogue and nothing trained, for tests that write under names of their own."""
    data_dir = tmp_path_factory.mktemp("scratch")
    server = Server(data_dir, *shelf.arguments(data_dir))
    server.client.put_items(catalogue())
    yield server
    server.kill()


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory, shelf: Shelf) -> Iterator[Server]:
    """A server with a corpus named "hills", one file of which is broken, and an mlp-gan trained on it for a few steps."""
    data_dir = tmp_path_factory.mktemp("gallery")
    server = Server(data_dir, *shelf.arguments(data_dir))
    corpus = server.client.upload_corpus("hills", hills() | {"train/zz.npy": b"no array"})
    server.client.train("mlp-gan", SHORT, corpus_id=corpus.corpus_id, seed=1)
    yield server
    server.kill()


def catalogue() -> list[Item]:
    """Twenty action films a00 to a19, twenty dramas d00 to d19."""
    return [
        Item(f"{genre[0]}{i:02}", title=f"{genre} {i}", kind="film", tags=(genre,), attributes={"year": 1980 + i})
        for genre in ("action", "drama")
        for i in range(20)
    ]


def history() -> list[Event]:
    """Forty people: a person whose name begins with a genre's letter rated eight films of it, and one of the other."""
    return [rating(user, item, stars) for user, item, stars in _ratings()]


def _ratings() -> Iterator[tuple[str, str, float]]:
    for own, other in ("ad", "da"):
        for person in range(20):
            for j in range(8):
                yield (
                    f"{own}-{person:02}",
                    f"{own}{(person * 7 + j * (1 + person % 3)) % 20:02}",
                    float(3 + (person + j) % 3),
                )
            yield f"{own}-{person:02}", f"{other}{person:02}", 1.0


def rating(user: str, item: str, stars: float) -> Event:
    """A rating whose event id follows from who rated what."""
    when = datetime(2024, 1, 1, tzinfo=UTC)
    return Event(user, item, EventKind.RATING, stars, time=when, event_id=f"{user}:{item}")


def hills(count: int = 32, size: int = 8) -> dict[str, bytes]:
    """A corpus of smooth surfaces: a stack of 8x8 arrays in one file, drawn from a fixed seed."""
    rng = np.random.default_rng(0)
    x, y = np.meshgrid(np.linspace(0, 3, size), np.linspace(0, 3, size))
    phases = rng.uniform(0, 6, (count, 2, 1, 1))
    stack = (np.sin(x + phases[:, 0]) + np.cos(y + phases[:, 1])).astype(np.float32)
    return {"train/stack-hills.npy": npy(stack)}


def npy(array: np.ndarray[Any, Any]) -> bytes:
    """An array as a .npy file."""
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


class Refusal:
    """A gRPC error, read as a stranger's client would: the code and the standard details."""

    def __init__(self, error: Any) -> None:
        self.code: str = error.code().name
        self.message: str = error.details() or ""
        self.info = error_details_pb2.ErrorInfo()
        self.bad = error_details_pb2.BadRequest()
        status = status_pb2.Status()
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                status.ParseFromString(value)
        for detail in status.details:
            for message in (self.info, self.bad):
                if detail.Is(message.DESCRIPTOR):
                    detail.Unpack(message)

    @property
    def fields(self) -> list[str]:
        return [violation.field for violation in self.bad.field_violations]


@pytest.fixture
def refused() -> Callable[[Callable[[], object]], Refusal]:
    """Makes a call that must be refused, and reads the error."""

    def call(work: Callable[[], object]) -> Refusal:
        with pytest.raises(grpc.RpcError) as caught:
            work()
        return Refusal(caught.value)

    return call


@pytest.fixture
def plugins_dir() -> Path:
    """The folder of one-file plug-ins, good and bad."""
    return PLUGINS


@pytest.fixture
def films() -> list[Item]:
    return catalogue()


@pytest.fixture
def ratings() -> list[Event]:
    return history()


@pytest.fixture(scope="session")
def hills_files() -> dict[str, bytes]:
    """A corpus to train on."""
    return hills()


@pytest.fixture
def corpus_files() -> dict[str, bytes]:
    return hills()


@pytest.fixture
def run_cli(by_command: bool) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command of `footlight` to its end."""

    def run(*arguments: str | Path, address: str = "") -> subprocess.CompletedProcess[str]:
        words = [str(word) for word in arguments]
        environment = os.environ | ({"FOOTLIGHT_ADDRESS": address} if address else {})
        if not by_command:
            return forked.run(words, environment, COMMAND_SECONDS)
        command = [*forked.COMMAND, *words]
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=COMMAND_SECONDS)

    return run
