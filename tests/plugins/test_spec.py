"""Every hook is specified in words."""

from __future__ import annotations

import inspect

import pytest

from footlight_plugins import ENTRY_POINT_GROUP, spec

HOOKS = {name: hook for name, hook in vars(spec).items() if hasattr(hook, f"{ENTRY_POINT_GROUP}_spec")}


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_says_what_it_returns_and_takes(name: str) -> None:
    text = inspect.getdoc(HOOKS[name]) or ""
    assert "Returns\n-------" in text
    assert all(f"\n{parameter}\n" in text for parameter in inspect.signature(HOOKS[name]).parameters)


def test_the_hooks_are_these() -> None:
    assert list(HOOKS) == ["register_engines", "register_embedders", "register_stages", "register_parts"]
