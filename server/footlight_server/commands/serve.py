"""``footlight serve``."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from footlight_server.commands.settings import ConfigFile

if TYPE_CHECKING:
    from footlight_server.config import ServerConfig, TlsFiles


Ready = Callable[[str, str, str], None]
"""Takes the address, that for browsers, and that of metrics; empty where there is none."""


def serve(
    config_file: ConfigFile = None,
    data_dir: Annotated[Path, typer.Option(help="Where everything is kept; made when it is not there.")] = Path(
        "footlight-data"
    ),
    listen: Annotated[str, typer.Option(help="host:port to answer on; port 0 picks a free one.")] = "127.0.0.1:7007",
    ready_file: Annotated[
        Path | None, typer.Option(help="Write the address into this file once the server answers.")
    ] = None,
    database: Annotated[str, typer.Option(help="SQLAlchemy URL; empty means SQLite in the data directory.")] = "",
    durability: Annotated[
        str, typer.Option(help="'normal' survives a crash of this process, 'full' a power cut too.")
    ] = "normal",
    plugins_dir: Annotated[Path | None, typer.Option(help="A folder of one-file plug-ins.")] = None,
    disable: Annotated[list[str] | None, typer.Option(help="A plug-in to leave out; may be repeated.")] = None,
    allow_plugin: Annotated[
        list[str] | None,
        typer.Option(help="Import this plug-in, or distribution, and beside it only the built-ins; may be repeated."),
    ] = None,
    strict_plugins: Annotated[bool, typer.Option(help="Refuse to start when a plug-in fails.")] = False,
    engine_seconds: Annotated[
        float,
        typer.Option(min=0.05, help="How long one piece of an engine's work may take; then it counts as hanging."),
    ] = 30.0,
    engine_start_seconds: Annotated[
        float, typer.Option(min=0.05, help="How long to wait for an engine to be ready before serving without it.")
    ] = 120.0,
    queue_seconds: Annotated[
        float,
        typer.Option(min=0.0, help="How many seconds of work may wait for a deployment; who comes then is refused."),
    ] = 0.75,
    isolate: Annotated[
        list[str] | None,
        typer.Option(
            help="A deployment whose engine gets a process of its own, or plugin:NAME for everything that a plug-in"
            " offers; may be repeated."
        ),
    ] = None,
    isolate_memory: Annotated[
        int, typer.Option(min=64, help="How much memory such a process may take, in MiB.")
    ] = 2_048,
    checkpoint_events: Annotated[
        int, typer.Option(min=0, help="Store an engine's state when so many events came in; 0 never does.")
    ] = 50_000,
    checkpoint_minutes: Annotated[
        float, typer.Option(min=0.0, help="Store it after so many minutes, if anything came in.")
    ] = 30.0,
    processes: Annotated[int, typer.Option(min=1, max=64, help="How many processes answer on the one address.")] = 1,
    shared: Annotated[
        bool, typer.Option(help="Let other servers, each started with this option, use the same data.")
    ] = False,
    producer: Annotated[
        str, typer.Option(help="Who operates this server, as generated assets name them.")
    ] = "Footlight",
    stage: Annotated[
        list[str] | None,
        typer.Option(
            help="What marks generated assets: KIND=NAME or KIND=off, such as watermark=off; may be repeated."
        ),
    ] = None,
    rerank: Annotated[
        list[str] | None,
        typer.Option(
            help="A re-ranker for answers of Recommend: [DEPLOYMENT=]NAME[:OPTION=VALUE,...]; may be repeated, in order."
        ),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            help="A candidate source for Recommend, as --rerank; share=0.2 gives it a fifth of the places, without it"
            " only what lacks is filled up from it."
        ),
    ] = None,
    listener: Annotated[
        list[str] | None,
        typer.Option(
            help="An event listener: [LABEL=]NAME[:OPTION=VALUE,...]; may be repeated. since=start tells it of the whole"
            " log, else of what comes; seconds=60 is how long it may take."
        ),
    ] = None,
    diversify: Annotated[
        str, typer.Option(help="The re-ranker for requests that ask for diversity; empty for none.")
    ] = "marginal-relevance",
    part_seconds: Annotated[
        float,
        typer.Option(min=0.01, help="How long a part may take over one answer, which goes out without it then."),
    ] = 1.0,
    sign_chain: Annotated[
        Path | None,
        typer.Option(dir_okay=False, exists=True, help="Your certificate chain in PEM, to sign assets with."),
    ] = None,
    sign_key: Annotated[Path | None, typer.Option(dir_okay=False, exists=True, help="Its PKCS #8 key in PEM.")] = None,
    time_stamping: Annotated[str, typer.Option(help="The address of a time-stamping authority for signatures.")] = "",
    generator_batch: Annotated[
        int, typer.Option(min=1, help="At most so many assets are made at once for several callers.")
    ] = 64,
    agents_at_hand: Annotated[
        int, typer.Option(min=1, help="Keep so many agents of a tenant in memory; others are loaded again when asked.")
    ] = 2_000,
    web_listen: Annotated[
        str, typer.Option(help="host:port to answer browsers on, over HTTP by the Connect protocol; empty for none.")
    ] = "",
    web_origin: Annotated[
        list[str] | None,
        typer.Option(help="An origin whose pages may call, such as https://play.example.org; may be repeated."),
    ] = None,
    web_plaintext: Annotated[
        bool, typer.Option(help="Speak plain HTTP there even with --tls-cert, to a proxy on this machine.")
    ] = False,
    metrics_listen: Annotated[
        str,
        typer.Option(help="host:port for metrics and health over HTTP (/metrics, /livez, /readyz); empty for none."),
    ] = "",
    access_log: Annotated[
        str,
        typer.Option(help="A file that gets a line of JSON for each call; - for the standard output, empty for none."),
    ] = "",
    require: Annotated[
        list[str] | None,
        typer.Option(
            help="A deployment that is warmed up, and without which the server is not ready; may be repeated."
        ),
    ] = None,
    retain_days: Annotated[
        float,
        typer.Option(min=0.0, help="Delete events, answers and conversations that are older; 0 keeps them for ever."),
    ] = 0.0,
    drain_seconds: Annotated[
        float, typer.Option(min=0.0, help="How long calls are still taken after a stop was asked for.")
    ] = 0.0,
    tls_cert: Annotated[
        Path | None, typer.Option(dir_okay=False, exists=True, help="The server's certificate with its chain, in PEM.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(dir_okay=False, exists=True, help="Its key in PEM.")] = None,
    tls_client_ca: Annotated[
        Path | None,
        typer.Option(dir_okay=False, exists=True, help="Let in only clients with a certificate of this authority."),
    ] = None,
    require_token: Annotated[bool, typer.Option(help="Let nobody in who shows no token: footlight tokens.")] = False,
    insecure_allow_remote: Annotated[
        bool, typer.Option(help="Answer on an address that others reach, without TLS or tokens.")
    ] = False,
    reflection: Annotated[
        bool | None, typer.Option(help="Tell what services there are; by default only where no token is required.")
    ] = None,
    conversation_days: Annotated[
        float,
        typer.Option(
            min=0.0, help="Erase a conversation so many days after its last turn, or with --retain-days; 0: only then."
        ),
    ] = 30.0,
    verbose: Annotated[bool, typer.Option(help="Log more.")] = False,
) -> None:
    """Run the server.

    Example: footlight serve --data-dir ./data --listen 127.0.0.1:7007
    """
    # Imported here, so that the other commands do not pay for the server.
    from footlight_plugins.loader import LoaderConfig
    from footlight_server.config import ServerConfig
    from footlight_server.door import CannotStart
    from footlight_server.parts.orders import PartsConfig
    from footlight_server.starting import CANNOT_START, EXPECTED, run, set_up_logging

    set_up_logging(verbose)
    allowed = frozenset(allow_plugin) if allow_plugin else None
    plugins = LoaderConfig(frozenset(disable or ()), plugins_dir, strict_plugins, allowed=allowed)
    config = ServerConfig(
        data_dir.resolve(),
        listen,
        database,
        durability,
        plugins,
        engine_seconds=engine_seconds,
        engine_start_seconds=engine_start_seconds,
        queue_seconds=queue_seconds,
        isolate=tuple(isolate or ()),
        isolate_memory=isolate_memory,
        processes=processes,
        shared=shared,
        checkpoint_events=checkpoint_events,
        checkpoint_minutes=checkpoint_minutes,
        producer=producer,
        stages=tuple(stage or ()),
        sign_with=_signing_files(sign_chain, sign_key),
        time_stamping=time_stamping,
        generator_batch=generator_batch,
        agents_at_hand=agents_at_hand,
        parts=PartsConfig(tuple(rerank or ()), tuple(source or ()), diversify, part_seconds, tuple(listener or ())),
        web_listen=web_listen,
        web_origins=tuple(web_origin or ()),
        web_plaintext=web_plaintext,
        metrics_listen=metrics_listen,
        access_log=access_log,
        require=tuple(require or ()),
        retain_days=retain_days,
        drain_seconds=drain_seconds,
        tls=_tls_files(tls_cert, tls_key, tls_client_ca),
        require_token=require_token,
        insecure_allow_remote=insecure_allow_remote,
        reflection=reflection,
        conversation_days=conversation_days,
    )
    try:
        if ready_file is not None and not ready_file.parent.is_dir():
            raise CannotStart(f"there is no folder {ready_file.parent} for the ready file")
        ready = _announcing(config, ready_file)
        asyncio.run(_run_crew(config, verbose, ready)) if processes > 1 else run(_run_alone(config, ready))
    except EXPECTED as fault:
        typer.echo(f"footlight serve: {fault}", err=True)
        raise typer.Exit(CANNOT_START) from fault


def _announcing(config: ServerConfig, ready_file: Path | None) -> Ready:
    def ready(address: str, web_address: str, metrics_address: str) -> None:
        if ready_file is not None:
            addresses = (address, web_address, metrics_address)
            _write_whole(ready_file, "".join(f"{line}\n" for line in addresses if line))
        scheme = "https" if config.web_speaks_tls else "http"
        web = f" and for browsers on {scheme}://{web_address}" if web_address else ""
        metrics = f", metrics on http://{metrics_address}/metrics" if metrics_address else ""
        typer.echo(f"Footlight answers on {address}{web}{metrics}, data in {config.data_dir}. Ctrl-C stops it.")

    return ready


def _signing_files(chain: Path | None, key: Path | None) -> tuple[str, str]:
    if (chain is None) != (key is None):
        raise typer.BadParameter("--sign-chain and --sign-key belong together")
    return (str(chain.resolve()), str(key.resolve())) if chain and key else ("", "")


def _tls_files(certificate: Path | None, key: Path | None, authority: Path | None) -> TlsFiles:
    from footlight_server.config import TlsFiles

    if (certificate is None) != (key is None):
        raise typer.BadParameter("--tls-cert and --tls-key belong together")
    if authority is not None and certificate is None:
        raise typer.BadParameter("--tls-client-ca needs --tls-cert and --tls-key")
    # Not resolved: where they are links, as certificate managers make them, it is the links that change.
    return TlsFiles(*(str(path.absolute()) if path else "" for path in (certificate, key, authority)))


async def _run_alone(config: ServerConfig, ready: Ready) -> None:
    from footlight_server.app import serve as serve_alone
    from footlight_server.commands.advance_bar import show_advance

    show_advance()
    await serve_alone(config, lambda app: ready(app.address, app.web_address, app.metrics_address))


async def _run_crew(config: ServerConfig, verbose: bool, ready: Ready) -> None:
    from footlight_server.crew.supervisor import Crew

    await Crew(config, verbose).run(ready)


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that nobody ever reads half of it."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text)
    os.replace(temporary, path)
