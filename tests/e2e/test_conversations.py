"""Converse: what people type, answered durably, learned from once, and erased with them."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from footlight import Client, InvalidArgument, Item, NotFound, Reply, Unavailable

if TYPE_CHECKING:
    from tests.e2e.conftest import Server, Start

GENRES = ("comedy", "science fiction", "horror", "drama")
HOUSE = [
    Item(f"f{n}", title=f"Film {n}", kind="film", tags=(GENRES[n % 4],), attributes={"year": 1980 + n})
    for n in range(40)
]


def open_house(server: Server) -> Server:
    """A server with a catalogue that the assistant has read."""
    server.client.put_items(HOUSE)
    while True:
        try:
            server.client.converse("first", "hello", timeout=60)
            return server
        except Unavailable:
            continue


@pytest.fixture(scope="module")
def lounge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    from tests.e2e.conftest import Server

    server = open_house(Server(tmp_path_factory.mktemp("lounge")))
    yield server
    server.stop()


@pytest.fixture
def client(lounge: Server) -> Client:
    return lounge.client


def learned(client: Client) -> int:
    return client.agent("talk/assistant").learned_steps


def shown(client: Client, name: str, text: str, count: int = 3) -> Reply:
    """The first reply of a new conversation that shows items: now and then the agent explores, and asks back."""
    replies = (client.converse(f"{name} {n}", text, count=count) for n in range(100))
    return next(reply for reply in replies if reply.items)


def test_a_reply_has_items_reasons_and_a_decision(client: Client) -> None:
    reply = shown(client, "one", "recommend a comedy", count=2)
    assert (reply.intent, reply.language, reply.turn) == ("ask", "en", 1)
    assert sum(reply.distribution) == pytest.approx(1.0) and reply.propensity in reply.distribution
    assert reply.decision_id.startswith("a-") and 0 < len(reply.items) <= 2
    assert all("comedy" in line.reasons for line in reply.items)


@pytest.mark.parametrize(("count", "named"), [(0, 5), (2, 2)])
def test_as_many_are_named_as_the_person_asks_for_where_the_caller_has_room(
    client: Client, count: int, named: int
) -> None:
    assert len(shown(client, f"so many {count}", "five comedies please", count=count).items) == named


def test_the_conversation_goes_on_and_the_reply_is_in_the_person_s_language(client: Client) -> None:
    first = shown(client, "two", "想看科幻电影")
    again = client.converse(first.conversation_id, "换一个")
    assert (again.language, again.turn, again.reward) == ("zh", 2, -0.1)
    assert not {line.item_id for line in first.items} & {line.item_id for line in again.items}


def test_the_next_turn_is_the_reward_and_is_learned_from_once(client: Client) -> None:
    first = shown(client, "three", "a horror film")
    before = learned(client)
    replies = [client.converse(first.conversation_id, "something newer", request_id="b") for _ in range(3)]
    assert replies[0] == replies[1] == replies[2] and replies[0].reward == -0.1
    assert learned(client) == before + 1


def test_other_conversations_know_nothing_of_it(client: Client) -> None:
    client.converse("four", "no horror please")
    assert client.converse("five", "undo").text == "There is nothing to undo."


def test_a_deleted_item_is_not_shown(client: Client) -> None:
    client.put_items([Item("gone", title="Gone", kind="film", tags=("western",))])
    assert [line.item_id for line in shown(client, "six", "a western").items] == ["gone"]
    client.delete_item("gone")
    assert client.converse("seven", "a western").items == ()


@pytest.mark.parametrize("text", ["", "   ", "a" * 4_097, "\x00", "a\x1bb", "电" * 100_000])
def test_a_malformed_text_is_refused_by_name_and_nothing_is_learned(client: Client, text: str) -> None:
    client.converse("eight", "a comedy")
    before = learned(client)
    with pytest.raises(InvalidArgument) as refused:
        client.converse("eight", text)
    assert refused.value.field == "text" and learned(client) == before


@pytest.mark.parametrize("text", ["🎬🎬", "?!", "\u202e\u200b", "blorp fnord"])
def test_an_odd_text_is_answered_and_nothing_is_learned(client: Client, text: str) -> None:
    client.converse("nine", "a comedy")
    before = learned(client)
    reply = client.converse("nine", text)
    assert reply.text and reply.decision_id == "" and reply.reward is None and learned(client) == before


def test_an_agent_that_decides_moves_does_not_converse(client: Client) -> None:
    with pytest.raises(InvalidArgument, match="does not converse"):
        client.converse("x", "hi", deployment="q-learning")
    with pytest.raises(InvalidArgument, match="talk to it with Converse"):
        client.create_agent("x", 2, 2, deployment="assistant")
    with pytest.raises(NotFound, match="nobody"):
        client.converse("x", "hi", deployment="nobody")


def test_ending_forgets_and_the_name_may_be_used_again(client: Client) -> None:
    client.converse("ten", "a comedy")
    client.converse("ten", "another one")
    assert (client.end_conversation("ten"), client.end_conversation("ten")) == (2, 0)
    assert client.converse("ten", "a comedy").turn == 1


def test_forgetting_a_person_erases_what_they_typed(client: Client) -> None:
    client.converse("eleven", "no horror please", user_id="ada")
    client.forget_user("ada")
    assert client.converse("eleven", "a comedy").turn == 1


def test_the_command_line_answers_lines_with_lines(lounge: Server) -> None:
    command = [sys.executable, "-m", "footlight.cli", "chat", "--json", "--address", lounge.address]
    found = subprocess.run(command, input="想看喜剧\n\x01\n换一个\n", capture_output=True, text=True, timeout=60)
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    assert [line.get("intent") for line in lines] == ["ask", None, "more"] and lines[1]["field"] == "text"


def test_a_conversation_survives_the_death_of_the_server(server_factory: Start) -> None:
    server = open_house(server_factory())
    first = server.client.converse("talk", "a comedy", request_id="r1")
    server.kill()
    again = server_factory(data_dir=server.data_dir).client
    assert again.converse("talk", "a comedy", request_id="r1") == first
    assert again.converse("talk", "another one", timeout=60).turn == 2


def turns_in(server: Server) -> int:
    with sqlite3.connect(server.data_dir / "footlight.db") as connection:
        count: int = connection.execute("SELECT count(*) FROM conversation_turns").fetchone()[0]
    return count


def test_a_conversation_that_nobody_goes_on_with_is_erased(server_factory: Start) -> None:
    server = server_factory("--conversation-days", "0.00001")
    open_house(server).client.converse("silent", "a comedy", timeout=60)
    while turns_in(server):
        time.sleep(0.05)
    while learned(server.client) < 1:  # its last reply counts as abandoned
        time.sleep(0.05)
    assert server.client.converse("silent", "a comedy", timeout=60).turn == 1
