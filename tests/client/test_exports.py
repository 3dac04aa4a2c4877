"""What `import footlight` gives, what it costs, and that both clients offer the same."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import footlight
from footlight import AsyncClient, Client, errors, types

CLIENTS = [Client, AsyncClient]


def test_every_exported_name_can_be_had() -> None:
    assert [name for name in footlight.__all__ if not hasattr(footlight, name)] == []


def test_every_error_and_every_type_is_exported() -> None:
    error_names = {name for name, one in vars(errors).items() if inspect.isclass(one) and issubclass(one, Exception)}
    rest = {"Client", "AsyncClient", "Tls", "__version__"}
    assert set(footlight.__all__) == (error_names - {"_Named"}) | set(types.__all__) | rest


def test_names_that_do_not_exist_are_refused() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        footlight.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_importing_the_client_loads_nothing_heavy() -> None:
    heavy = ("grpc", "google.protobuf", "numpy", "numba", "torch", "typer", "rich")
    program = f"import sys, footlight; print([name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"


def test_asking_for_a_client_loads_no_numerics() -> None:
    heavy = ("numpy", "numba", "torch", "typer", "rich", "footlight_server")
    program = f"import sys, footlight; footlight.Client(); print([name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"


def test_both_clients_have_the_same_methods() -> None:
    assert set(_methods(Client)) == set(_methods(AsyncClient))


def test_both_clients_take_the_same_arguments() -> None:
    theirs = {name: _parameters(method) for name, method in _methods(AsyncClient).items()}
    assert {name: _parameters(method) for name, method in _methods(Client).items()} == theirs


def test_both_clients_answer_the_same_types() -> None:
    theirs = {name: _answer(method) for name, method in _methods(AsyncClient).items()}
    assert {name: _answer(method) for name, method in _methods(Client).items()} == theirs


@pytest.mark.parametrize("kind", CLIENTS)
def test_every_method_is_documented(kind: type) -> None:
    assert [name for name, method in _methods(kind).items() if not method.__doc__] == []


@pytest.mark.parametrize("kind", CLIENTS)
def test_no_public_signature_shows_the_wire(kind: type) -> None:
    shown = [str(inspect.signature(method)) for method in _methods(kind).values()]
    assert [text for text in shown if "pb2" in text or "pb." in text or "grpc" in text] == []


def test_no_public_type_shows_the_wire() -> None:
    fields = [getattr(types, name).__annotations__ for name in types.__all__]
    assert [one for one in fields if "pb" in str(one)] == []


def _methods(kind: type) -> dict[str, Callable[..., Any]]:
    """The public methods; a client is closed in its own way."""
    return {name: method for name, method in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


def _parameters(method: Callable[..., Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(method).parameters.values())


def _answer(method: Callable[..., Any]) -> str:
    return str(inspect.signature(method).return_annotation).replace("Async", "")
