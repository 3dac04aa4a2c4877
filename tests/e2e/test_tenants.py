"""A token sees one tenant's things and nothing of another's, and does what its scopes say: every RPC is tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.every_rpc import (
    CASES,
    KNN,
    MARK,
    Caller,
    Things,
    event,
    make_things,
    put,
    rpcs,
)

from footlight import Client
from footlight_server.archive.backup import back_up
from footlight_server.archive.export import export
from footlight_server.archive.restore import restore

if TYPE_CHECKING:
    from tests.e2e.conftest import MakeToken, Server

SCOPES = ("read", "write", "act", "train", "admin")
READS = (
    "CatalogService/ListItems",
    "GenerationService/ListCorpora",
    "InteractionService/GetAgent",
    "InteractionService/ListDecisions",
    "EngineService/ListTrainings",
    "EngineService/ListModels",
    "RecommendationService/GetDecision",
)
"""What a tenant has, as it can be read back."""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, start_server: Callable[..., Server]) -> Iterator[Server]:
    """A server that lets in nobody without a token."""
    server = start_server(tmp_path_factory.mktemp("guarded"), "--require-token")
    yield server
    server.kill()


@pytest.fixture(scope="module")
def things(guarded: Server, make_token: MakeToken, hills_files: dict[str, bytes]) -> Things:
    """Everything that can be made, made by the tenant ``north``."""
    token = make_token(guarded, "north", *SCOPES)
    Caller(guarded.channel, token).wait_until_known()
    with Client(guarded.address, token=token, timeout=120) as north:
        return make_things(north, hills_files)


@pytest.fixture(scope="module")
def caller(guarded: Server, make_token: MakeToken) -> Callable[..., Caller]:
    """Makes somebody of a tenant with some scopes."""

    def make(tenant: str, *scopes: str) -> Caller:
        made = Caller(guarded.channel, make_token(guarded, tenant, *scopes))
        made.wait_until_known()
        return made

    return make


def test_every_rpc_is_classified() -> None:
    assert set(CASES) == set(rpcs())


def test_nothing_crosses_between_two_tenants(things: Things, caller: Callable[..., Caller]) -> None:
    north, south = (caller(name, *SCOPES) for name in ("north", "south"))
    before = {rpc: north.call(rpc, CASES[rpc].request(things)) for rpc in READS}
    assert {rpc: one for rpc, one in before.items() if one[0] != "OK"} == {}
    answers = {rpc: south.call(rpc, case.request(things)) for rpc, case in CASES.items()}
    assert {rpc: status for rpc, (status, _) in answers.items()} == {
        rpc: case.strangers_get for rpc, case in CASES.items()
    }
    told = {rpc: str(messages) for rpc, (status, messages) in answers.items() if status == "OK"}
    for own in ("InteractionService/CreateAgent", "EngineService/CreateDeployment"):
        del told[own]  # they answer the name that they were given
    secrets = (MARK, things.ranking, things.decision, things.corpus, things.training)
    assert [(rpc, secret) for rpc, text in told.items() for secret in secrets if secret in text] == []
    assert {rpc: north.call(rpc, CASES[rpc].request(things)) for rpc in READS} == before


def test_two_tenants_have_things_of_one_name(things: Things, caller: Callable[..., Caller]) -> None:
    titles = {}
    for tenant in ("north", "east"):
        someone = caller(tenant, *SCOPES)
        if tenant == "east":
            assert someone.call("CatalogService/PutItems", put("eastern"))[1][0].created_count == 1
            assert someone.call("CatalogService/RecordEvents", event())[1][0].recorded_count == 1
        _, (answer,) = someone.call("CatalogService/GetItem", CASES["CatalogService/GetItem"].request(things))
        titles[tenant] = answer.item.title
    assert titles == {"north": f"{MARK} lights", "east": "eastern"}


@pytest.mark.parametrize("scope", SCOPES)
def test_a_token_does_what_its_scope_says_and_nothing_else(
    things: Things, caller: Callable[..., Caller], scope: str
) -> None:
    only, without = caller("west", scope), caller("west", *(other for other in SCOPES if other != scope))
    asked = {rpc: case for rpc, case in CASES.items() if case.scope == scope}
    refused = {rpc: without.call(rpc, case.request(things))[0] for rpc, case in asked.items()}
    assert set(refused.values()) == {"PERMISSION_DENIED"}, refused
    allowed = {rpc: only.call(rpc, case.request(things))[0] for rpc, case in asked.items()}
    assert "PERMISSION_DENIED" not in allowed.values(), allowed


@pytest.mark.parametrize(
    "rpc",
    [
        "CatalogService/ListItems",
        "EngineService/WatchTraining",
        "GenerationService/UploadCorpus",
        "InteractionService/Interact",
    ],
)
def test_the_first_call_brings_a_tenant_to_work(things: Things, caller: Callable[..., Caller], rpc: str) -> None:
    newcomer = caller(f"new-{rpc.partition('/')[2].lower()}", *SCOPES)
    assert newcomer.call(rpc, CASES[rpc].request(things))[0] == CASES[rpc].strangers_get


def test_a_backup_holds_the_models_of_every_tenant(things: Things, guarded: Server, tmp_path: Path) -> None:
    back_up(guarded.data_dir, tmp_path / "all.tar")
    restore(tmp_path / "all.tar", tmp_path / "again", None)
    assert (tmp_path / "again" / "tenants" / "north" / "models" / KNN / "000001" / "manifest.json").is_file()


def test_an_export_is_of_one_tenant(things: Things, guarded: Server, tmp_path: Path) -> None:
    export(guarded.data_dir, tmp_path / "out", "jsonl", "north")
    assert f"{MARK} lights" in (tmp_path / "out" / "items.jsonl").read_text()
    made = export(guarded.data_dir, tmp_path / "empty", "jsonl", "nobody")
    assert set(made.rows.values()) == {0}


def test_nobody_is_let_in_without_a_token(things: Things, guarded: Server) -> None:
    nobody = Caller(guarded.channel, "")
    statuses = {rpc: nobody.call(rpc, case.request(things))[0] for rpc, case in CASES.items()}
    assert set(statuses.values()) == {"UNAUTHENTICATED"}, statuses
