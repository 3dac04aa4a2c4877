"""One server from start to stop: what all tenants share, and the door that they are called through."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Callable
from functools import partial

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from footlight_plugins.loader import Plugins, load_plugins
from footlight_plugins.placing import place_with
from footlight_server.access.certificates import credentials
from footlight_server.access.gate import Gate, LastResort
from footlight_server.access.keyring import Keyring
from footlight_server.archive.erasures import ErasureJournal
from footlight_server.config import ServerConfig
from footlight_server.corpora.blobs import Blobs
from footlight_server.dispatch.asking import Policy
from footlight_server.dispatch.demotions import Demotions
from footlight_server.dispatch.loop_watch import LoopWatch
from footlight_server.door import CannotStart, DataLock, check_exposure, check_origins, lock_data_dir
from footlight_server.grpc_door import GrpcDoor
from footlight_server.isolation.placement import keep_apart
from footlight_server.log.database import Database
from footlight_server.log.heads import HeadWatch
from footlight_server.log.revisions import NO_TENANT
from footlight_server.log.writer import Writer
from footlight_server.marking.choice import Stages, UnknownStage
from footlight_server.marking.keys import SigningConfig
from footlight_server.marking.marking import Marking
from footlight_server.memory import Trimming, hand_back_memory
from footlight_server.parts.orders import PartsConfig, WrongOrder, check_orders
from footlight_server.services.descriptors import DESCRIPTORS, SERVICES
from footlight_server.telemetry.sight import Sight
from footlight_server.tenancy.ground import Ground
from footlight_server.tenancy.tenants import Tenants

log = logging.getLogger(__name__)

CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", 16 << 20),
    ("grpc.max_send_message_length", 64 << 20),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.max_concurrent_streams", 512),
)


KEYRING_LOOKS = 10
"""On PostgreSQL the tokens are looked at every so many looks: four times a second."""


class App:
    """One server: everything it is made of, from start to stop."""

    def __init__(self, config: ServerConfig, lock: DataLock | None = None) -> None:
        check_exposure(config)
        check_origins(config.web_origins)
        self._credentials = credentials(config.tls) if config.tls.certificate else None
        self.config = config
        self.port = 0
        self.web_address = ""
        self._lock = lock or lock_data_dir(config.data_dir, config.shared)
        self._plugins = load_plugins(config.plugins)
        self._cells = keep_apart(self._plugins, config.limits)
        self._stages = _chosen_stages(self._plugins, config.stages)
        _check_parts(self._plugins, config.parts)
        self._database = Database.open(config.database_url, config.durability)
        if config.shared or config.processes > 1:
            self._database.take_turns()
        self._sight = Sight(config, lambda: self._tenants.first.deployments, lambda: self._watch)

    async def start(self) -> None:
        """Bring everything to work, then open the door.

        Raises
        ------
        CannotStart
            When the address is taken.
        """
        ground = self._ground()
        await asyncio.to_thread(ground.mark_erasures)
        self._tenants = Tenants(ground)
        await self._tenants.start(self._lock.first)
        self._keyring = Keyring(self._database, self.config.require_token, self.config.processes)
        self._keyring.load()
        self._heads.add(NO_TENANT, self._keyring.hear, KEYRING_LOOKS)
        self._watch = LoopWatch(self.config.engine_seconds, partial(self._doom, ground.demotions))
        self._watch.start()
        hand_back_memory()
        self._trimming = Trimming()
        self._trimming.start()
        await self._open_door()

    def _ground(self) -> Ground:
        config = self.config
        self._writer = Writer(self._database)
        self._heads = HeadWatch(self._database)
        signing = SigningConfig(*config.sign_with, config.time_stamping)
        return Ground(
            config,
            self._plugins,
            self._stages,
            self._cells,
            self._database,
            self._writer,
            self._heads,
            Policy(),
            Marking(self._stages, config.data_dir, signing),
            Demotions(config.data_dir),
            Blobs(config.data_dir / "corpora" / "blobs"),
            partial(ErasureJournal(config.data_dir).follow, self._database),
            self._sight.observe,
        )

    def _doom(self, demotions: Demotions, deployment: str, reason: str) -> None:
        """An engine ends the server: let it be asked elsewhere from the next start on, by whichever tenant has it."""
        for tenant in self._tenants:
            for deployed in tenant.deployments:
                if deployed.name == deployment:
                    demotions.add(deployment, deployed.spec.version, reason)

    async def _open_door(self) -> None:
        gate = Gate(self._keyring, self._tenants, self._sight.access_log)
        self._health = health.aio.HealthServicer()
        door = GrpcDoor(self.config.listen, partial(self._server, gate), self._credentials)
        await door.open()
        self._door, self.port = door, door.port
        await self._open_web_door(gate)
        await self._sight.start(self._health, SERVICES)

    def _server(self, gate: Gate) -> grpc.aio.Server:
        # Alone on its port, a second server fails there instead of taking half of the calls.
        shared_port = ("grpc.so_reuseport", int(self.config.processes > 1))
        server = grpc.aio.server(options=(*CHANNEL_OPTIONS, shared_port))
        server.add_generic_rpc_handlers((gate,))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        if self.config.reflects:
            reflection.enable_server_reflection((*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
        server.add_generic_rpc_handlers((LastResort(gate),))
        return server

    async def _open_web_door(self, front: grpc.GenericRpcHandler) -> None:
        """The same calls over HTTP, where that is asked for; what it needs is imported then."""
        config = self.config
        if not config.web_listen:
            return
        try:
            from footlight_server.web.serving import WebDoor
        except ModuleNotFoundError as missing:
            raise CannotStart(f"--web-listen needs the extra web, pip install 'footlight[web]': {missing}") from missing
        from footlight_server.web.application import Application
        from footlight_server.web.encryption import Encryption
        from footlight_server.web.origins import Origins

        application = Application(front, DESCRIPTORS, Origins(check_origins(config.web_origins)))
        encryption = Encryption(config.tls).context if config.web_speaks_tls else None
        self._web_door = WebDoor(application, config.web_listen, config.processes > 1, encryption)
        await self._web_door.open()
        self.web_address = self._web_door.address

    @property
    def address(self) -> str:
        """Where the server answers."""
        return f"{self.config.listen.rpartition(':')[0]}:{self.port}"

    @property
    def metrics_address(self) -> str:
        """Where metrics and health are answered over HTTP; empty for nowhere."""
        return self._sight.address

    async def _shut_doors(self) -> None:
        grace = self.config.grace_seconds
        web = [self._web_door.close(grace)] if hasattr(self, "_web_door") else []
        await asyncio.gather(self._door.close(grace), *web)

    async def stop(self) -> None:
        """Take no more calls, let those in flight finish, write everything down."""
        if hasattr(self, "_door"):
            await self._sight.drain()
            await self._health.enter_graceful_shutdown()
            await asyncio.sleep(self.config.drain_seconds)  # who balances the load hears of it and sends no more
            # Together, because whoever watches the job that runs would hold the door open until it has ended.
            await asyncio.gather(self._shut_doors(), self._tenants.stop_training())
        if hasattr(self, "_tenants"):
            await self._tenants.stop()
        if hasattr(self, "_watch"):
            self._watch.stop()
        if hasattr(self, "_trimming"):
            await self._trimming.stop()
        if hasattr(self, "_heads"):
            await self._heads.stop()
        if hasattr(self, "_writer"):
            await self._writer.close()
        self._sight.close()
        self._cells.close()
        place_with(None)
        self._database.close()
        self._lock.release()


def _chosen_stages(plugins: Plugins, chosen: tuple[str, ...]) -> Stages:
    try:
        return Stages(plugins, chosen)
    except UnknownStage as unknown:
        raise CannotStart(str(unknown)) from unknown


def _check_parts(plugins: Plugins, parts: PartsConfig) -> None:
    try:
        check_orders(plugins, parts)
    except WrongOrder as wrong:
        raise CannotStart(str(wrong)) from wrong


def _spare_collector() -> None:
    """Let the garbage collector pass over what lives as long as the server, and look less often at what calls make.

    Nearly everything that a call makes is freed by its reference count; collections at the usual rate find nothing. What
    a start leaves for the collector is less than a megabyte, and finding it would take a tenth of the start.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


async def serve(config: ServerConfig, ready: Callable[[App], None], lock: DataLock | None = None) -> None:
    """Run a server until SIGTERM or SIGINT; a second signal ends it at once.

    Raises
    ------
    CannotStart
        When it cannot start; the message says what to do.
    """
    app = App(config, lock)
    try:
        await app.start()
        _spare_collector()
        ready(app)
        await _until_signal()
    finally:
        await app.stop()


async def _until_signal() -> None:
    stop = asyncio.Event()

    def heard() -> None:
        if stop.is_set():
            os._exit(130)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, heard)
    await stop.wait()
