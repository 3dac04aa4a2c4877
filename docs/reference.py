"""Writes docs/plugin-reference.md from the docstrings of the contract: python docs/reference.py"""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import footlight_plugins
from footlight_plugins import (
    checks,
    contract,
    conversation,
    data,
    decisions,
    drawing,
    embedding,
    finding,
    listening,
    loader,
    part,
    parts,
    reranking,
    roles,
    rules,
    scoring,
    shaping,
    sourcing,
    spec,
    stages,
    weighing,
)
from footlight_plugins.testing import (
    AgentSuite,
    AssistantSuite,
    CandidateSourceSuite,
    EmbedderSuite,
    EventListenerSuite,
    GeneratorSuite,
    ImageEmbedderSuite,
    LabelSuite,
    MetadataSuite,
    OriginalitySuite,
    RecommenderSuite,
    ReRankerSuite,
    RewardShaperSuite,
    RulesSuite,
    SignatureSuite,
    WatermarkSuite,
)

PAGE = Path(__file__).with_name("plugin-reference.md")

HOOKS = [value for name, value in vars(spec).items() if name.startswith("register_")]
SPECS = (contract.EngineSpec, embedding.EmbedderSpec, stages.StageSpec, parts.PartSpec)
ROLES = (
    contract.Engine,
    roles.Recommender,
    scoring.ScoringRecommender,
    roles.Generator,
    drawing.DrawingGenerator,
    roles.Agent,
    weighing.WeighingAgent,
    conversation.Assistant,
    embedding.Embedder,
    embedding.ImageEmbedder,
    stages.Originality,
    stages.Label,
    stages.Watermark,
    stages.Metadata,
    stages.Signature,
    rules.Rules,
    part.Part,
    reranking.ReRanker,
    sourcing.CandidateSource,
    shaping.RewardShaper,
    shaping.PotentialShaper,
    listening.EventListener,
)
EXAMPLES = {
    contract.Engine: "recommender.py",
    roles.Recommender: "recommender.py",
    roles.Generator: "generator.py",
    roles.Agent: "agent.py",
    scoring.ScoringRecommender: "scoring_recommender.py",
    drawing.DrawingGenerator: "drawing_generator.py",
    weighing.WeighingAgent: "weighing_agent.py",
    conversation.Assistant: "assistant.py",
    embedding.Embedder: "embedder.py",
    embedding.ImageEmbedder: "image_embedder.py",
    rules.Rules: "rules.py",
    **dict.fromkeys(stages.STAGE_ROLES.values(), "stages.py"),
}
"""Where every method of a role is shown by a whole class; others have an example in their docstring."""
RECORDS = tuple(
    value
    for module in (contract, data, decisions, conversation, stages, rules, reranking, listening)
    for name, value in vars(module).items()
    if inspect.isclass(value) and is_dataclass(value) and value.__module__ == module.__name__ and value not in SPECS
)
ENUMS = tuple(
    value
    for module in (contract, data, embedding, stages, parts, loader)
    for value in vars(module).values()
    if inspect.isclass(value) and issubclass(value, Enum) and value.__module__ == module.__name__
)
FUNCTIONS = (
    embedding.find_embedder,
    embedding.find_image_embedder,
    parts.parts_of,
    finding.find_part,
    finding.find_rules,
    scoring.latest,
    scoring.best_first,
    checks.check_situation,
    checks.check_steps,
    drawing.arrays_of,
)
SUITES = (
    RecommenderSuite,
    GeneratorSuite,
    AgentSuite,
    AssistantSuite,
    RulesSuite,
    ReRankerSuite,
    CandidateSourceSuite,
    RewardShaperSuite,
    EventListenerSuite,
    EmbedderSuite,
    ImageEmbedderSuite,
    OriginalitySuite,
    LabelSuite,
    WatermarkSuite,
    MetadataSuite,
    SignatureSuite,
)


_HEAD = f"""# Reference of the plug-in contract

Written by `make reference` from the docstrings of `plugins/footlight_plugins/`, which are what an editor shows: a test
fails where the two differ. This is contract {footlight_plugins.API_VERSION} (`API_VERSION`); the entry points of plug-ins
stand in the group `{footlight_plugins.ENTRY_POINT_GROUP}` (`ENTRY_POINT_GROUP`). How to begin:
[Writing a plug-in](writing-plugins.md).
"""


def page() -> str:
    """The whole page, its code in the form that `ruff format` gives it."""
    text = "\n".join([_HEAD, *_sections()]).rstrip() + "\n"
    command = [sys.executable, "-m", "ruff", "format", "--quiet", "--stdin-filename", str(PAGE), "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def _sections() -> Iterator[str]:
    yield "## Hooks\n"
    yield "A plug-in marks its hooks with `@footlight_plugins.impl`. The host calls each once, at start-up.\n"
    for hook in HOOKS:
        yield f"### `{hook.__name__}{_signature(hook)}`\n\n{_prose(hook)}\n"
    yield "## What a plug-in declares\n"
    for one in SPECS:
        yield _record(one)
    yield "## Roles\n\nWhat is marked *abstract* must be there; everything else has a default.\n"
    for one in ROLES:
        yield _role(one)
    yield "## Records that cross\n"
    for one in RECORDS:
        yield _record(one)
    yield "## Words\n"
    for one in ENUMS:
        yield _words(one)
    yield "## Functions\n"
    for function in FUNCTIONS:
        yield f"### `{function.__name__}{_signature(function)}`\n\nOf `{function.__module__}`. {_prose(function)}\n"
    yield "## Conformance suites\n"
    for one in SUITES:
        yield _suite(one)


def _record(one: type[Any]) -> str:
    notes = field_notes(one)
    lines = [f"### `{one.__name__}`\n\n{_prose(one)}\n", "| field | type | meaning |", "|---|---|---|"]
    for field in fields(one):
        lines.append(f"| `{field.name}` | {_code(str(field.type))} | {_cell(notes.get(field.name, ''))} |")
    lines += [""] + [_method(one, name) for name in _methods(one)]
    return "\n".join(lines)


def _role(one: type[Any]) -> str:
    lines = [f"### `{one.__name__}`\n\n{_prose(one)}\n"]
    notes = field_notes(one)
    lines += [f"- `{name}`: {note}" for name, note in notes.items()] + ([""] if notes else [])
    return "\n".join(lines + [_method(one, name) for name in _methods(one)])


def _words(one: type[Enum]) -> str:
    notes = field_notes(one)
    lines = [f"### `{one.__name__}`\n\n{_prose(one)}\n", "| name | value | meaning |", "|---|---|---|"]
    for member in one:
        lines.append(f"| `{member.name}` | `{member.value}` | {_cell(notes.get(member.name, ''))} |")
    return "\n".join([*lines, ""])


def _suite(one: type[Any]) -> str:
    tests = [name for name in dir(one) if name.startswith("test_")]
    promises = [f"- {name.removeprefix('test_').replace('_', ' ')}" for name in tests]
    return "\n".join([f"### `{one.__name__}`\n\n{_prose(one)}\n", *promises, ""])


def _method(one: type[Any], name: str) -> str:
    found = inspect.getattr_static(one, name)
    function = found.fget if isinstance(found, property) else getattr(found, "__func__", found)
    abstract = " *abstract*" if getattr(found, "__isabstractmethod__", False) else ""
    signature = "" if isinstance(found, property) else _signature(function)
    return f"#### `{one.__name__}.{name}{signature}`{abstract}\n\n{_prose(getattr(one, name))}\n{_example(one, name)}"


def _example(one: type[Any], name: str) -> str:
    """The method as a small class of docs/examples/methods has it, which a test runs."""
    if one not in EXAMPLES:
        return ""
    text = (PAGE.parent / "examples/methods" / EXAMPLES[one]).read_text(encoding="utf-8")
    classes = [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]
    whole = next((node for node in classes if one.__name__ in map(ast.unparse, node.bases)), classes[0])
    found = next(node for node in whole.body if isinstance(node, ast.FunctionDef) and node.name == name)
    first = min([found.lineno, *(mark.lineno for mark in found.decorator_list)])
    lines = text.splitlines()[first - 1 : found.end_lineno]
    code = textwrap.dedent("\n".join(lines))
    return f"\nFor instance, in `docs/examples/methods/{EXAMPLES[one]}`:\n\n```python\n{code}\n```\n"


def _methods(one: type[Any]) -> list[str]:
    """Its own public methods, in their order; of what is inherited nothing, unless it is abstract."""
    named = [
        name
        for name, value in vars(one).items()
        if (not name.startswith("_") or name == "__init__")
        and (inspect.isfunction(value) or isinstance(value, property | staticmethod | classmethod))
    ]
    return [name for name in named if not (name == "__init__" and is_dataclass(one))]


def field_notes(one: type[Any]) -> dict[str, str]:
    """The docstrings that stand below the attributes of a class, by attribute."""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(one))).body
    assert isinstance(node, ast.ClassDef)
    notes: dict[str, str] = {}
    for statement, following in zip(node.body, [*node.body[1:], None], strict=True):
        target = getattr(statement, "target", None) or next(iter(getattr(statement, "targets", [])), None)
        if isinstance(target, ast.Name):
            notes[target.id] = _constant(following)
    return {name: note for name, note in notes.items() if not name.startswith("_")}


def _constant(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return " ".join(node.value.value.split())
    return ""


def _signature(function: Any) -> str:
    return str(inspect.signature(function)).replace("'", "")


def _prose(thing: Any) -> str:
    """Its docstring as Markdown: numpy's headings in bold, literal blocks fenced."""
    lines = (inspect.getdoc(thing) or "").replace("``", "`").splitlines()
    out: list[str] = []
    for line in lines:
        if set(line) == {"-"} and out:
            out[-1] = f"**{out[-1]}**\n"
        else:
            out.append(line)
    return _fenced(_listed(out))


def _listed(lines: list[str]) -> list[str]:
    """What is returned or raised, and parameters: a name on a line, its meaning indented below, become a list."""
    out: list[str] = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line and not line.startswith((" ", "*", "::")) and following.startswith("    ") and following.strip():
            out.append(f"- `{line}`:")
        else:
            out.append(line)
    return out


def _fenced(lines: list[str]) -> str:
    """Literal blocks, and the lines of doctests, between fences."""
    out: list[str] = []
    inside, awaited = False, False
    for line in [*lines, ""]:
        code = line.startswith(">>>") or (inside and bool(out) and out[-1].startswith(">>>") and bool(line))
        if line.strip() == "::":
            awaited = True
            continue
        starts = (awaited and line.startswith("    ")) or code
        if starts and not inside:
            out.append("```python")
            inside = True
        elif inside and line and not line.startswith("    ") and not code:
            out, inside, awaited = [*_trimmed(out), "```", ""], False, False
        out.append(line.removeprefix("    ") if inside and awaited else line)
    return "\n".join([*_trimmed(out), "```"] if inside else out).strip()


def _trimmed(lines: list[str]) -> list[str]:
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _cell(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|")


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
