"""`footlight chat`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Annotated
from uuid import uuid4

import typer

from footlight.cli.command import command
from footlight.cli.session import Session
from footlight.errors import InvalidArgument, Unavailable
from footlight.types import Reply

PATIENCE_SECONDS = 120.0
"""How long to wait for a catalogue that is read for the first time."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "chat", "footlight chat --user 15")(chat)


def chat(
    session: Session,
    user: Annotated[str, typer.Option("--user", help="Whose taste counts; left out, nobody's.")] = "",
    count: Annotated[
        int,
        typer.Option(
            "--count", min=0, max=20, help="At most how many items a reply names; 0: 3, or as many as are asked for."
        ),
    ] = 0,
    conversation: Annotated[
        str, typer.Option("--conversation", help="Goes on with a conversation; left out, a new one begins.")
    ] = "",
    deployment: Annotated[str, typer.Option("--deployment", help="Who answers; else the best that can.")] = "",
    recommender: Annotated[str, typer.Option("--recommender", help="Whose scores count as taste.")] = "",
    forget: Annotated[bool, typer.Option("--forget", help="Erase what was typed when the talk ends.")] = False,
) -> None:
    """Talks about what to watch, play or hear, in Chinese or English: 推荐一部轻松的电影, "something funny from the 90s".

    Type "help" or 帮助 for what can be said; an empty line or Ctrl-D ends the talk. With --json it reads one text a line
    from stdin and writes one reply a line to stdout.
    """
    name = conversation or f"chat-{uuid4()}"

    def answer(text: str) -> Reply:
        return _patiently(session, lambda: session.client.converse(
            name, text, user_id=user, count=count, deployment=deployment, recommender=recommender
        ))  # fmt: skip

    if not session.json:
        session.say(f"Conversation {name}. An empty line ends it.")
    try:
        for text in _texts(session):
            _answer(session, answer, text)
    finally:
        if forget:
            session.client.end_conversation(name, deployment=deployment)


def _answer(session: Session, answer: Callable[[str], Reply], text: str) -> None:
    """Answers one text; one that is malformed is told so, and the talk goes on."""
    try:
        reply = answer(text)
    except InvalidArgument as wrong:
        message = str(wrong)
        session.show({"error": message, "field": wrong.field}, lambda: message)
        return
    if session.json:
        session.show(reply, lambda: reply.text)
    else:
        session.out.print(reply.text, soft_wrap=True)  # where it is piped, a line stays a line


def _texts(session: Session) -> Iterator[str]:
    """What is typed: lines of stdin, until an empty one where a person types."""
    if session.json or not sys.stdin.isatty():
        for line in sys.stdin:
            if line.strip():
                yield line.rstrip("\r\n")
        return
    while True:
        try:
            text = session.out.input("> ")
        except EOFError:
            return
        if not text.strip():
            return
        yield text


def _patiently(session: Session, ask: Callable[[], Reply]) -> Reply:
    """Asks again while the server reads its catalogue for the first time."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return ask()
        except Unavailable as away:
            if not away.retry_after or time.monotonic() > end:
                raise
            session.say("The server is reading its catalogue ...")
            time.sleep(away.retry_after)
