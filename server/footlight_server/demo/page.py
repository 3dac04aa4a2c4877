"""The page that holds it all together."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from footlight_server.demo.pictures import percent
from footlight_server.demo.turntable import turning_scenes

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; width: 100%; }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #ddd; vertical-align: top; }
img, canvas { max-width: 100%; }
canvas { touch-action: pan-y; cursor: grab; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.new { background: #e6f6e6; }
footer { color: #777; margin-top: 3rem; }
"""


def write_page(figures: dict[str, Any], path: Path) -> None:
    """Write the page; the pictures lie beside it."""
    parts = [
        _import(figures["import"]),
        *[_person(name, engines) for name, engines in figures["people"].items()],
        _freshness(figures["freshness"]),
        _forgetting(figures["forgetting"]),
        _generate(figures["generate"], path.parent),
        _act(figures["act"]),
    ]
    path.write_text(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        "<title>Footlight demo</title>"
        f"<style>{_STYLE}</style><h1>Footlight demo</h1><p>A server that recommends films, makes terrain and learns a game, "
        f"on real data.</p>{''.join(parts)}"
        f"<footer>Finished in {figures['seconds']:.0f} s. All of it went through the API of a real server.</footer>",
        encoding="utf-8",
    )


def _import(figures: dict[str, Any]) -> str:
    return (
        f"<h2>Recommend</h2><p>{figures['items']:,} films and {figures['events']:,} ratings came in through the public API. "
        "Scores compare lines of one list; each engine has a scale of its own.</p>"
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], numbers: frozenset[int] = frozenset()) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>"
        + "".join(f"<td{' class=number' if i in numbers else ''}>{cell}</td>" for i, cell in enumerate(row))
        + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _person(name: str, engines: dict[str, list[list[str]]]) -> str:
    text = f"<h3>Person {html.escape(name)}</h3>"
    for engine, rows in engines.items():
        safe = [[html.escape(cell) for cell in row] for row in rows]
        text += f"<p>{html.escape(engine)}</p>" + _table(("film", "score", "why"), safe, frozenset({1}))
    return text


def _freshness(figures: dict[str, Any]) -> str:
    before, after = figures["before"], figures["after"]
    rows = [
        (html.escape(old), html.escape(new) if new in before else f"<span class=new>{html.escape(new)}</span>")
        for old, new in zip(before, after, strict=True)
    ]
    text = f"<h3>Five new ratings later</h3><p>{figures['ms']:.1f} ms from the events to the changed answer.</p>"
    return text + _table(("before", "after"), rows)


def _forgetting(figures: dict[str, Any]) -> str:
    equal = "equals" if figures["equals_stranger"] else "differs from"
    return (
        f"<h3>Forgotten</h3><p>Person {html.escape(figures['person'])} was erased with {figures['events']} events; "
        f"their list now {equal} a stranger's.</p>"
    )


def _generate(figures: dict[str, Any], folder: Path) -> str:
    made, real = (percent(figures["metrics"][name]) for name in ("walkable_share", "walkable_share_real"))
    return (
        f"<h2>Generate</h2><p>{html.escape(figures['engine'])} learned from {figures['windows']:,} windows of real terrain "
        f"for {figures['training_seconds']:.0f} s. Real and generated ones are drawn alike: each from its lowest to its "
        "highest point, lit from the north-west.</p>"
        "<img src=terrain.png alt='real beside generated terrain'>"
        "<p>The generated ones are scenes (GLB, in metres, lightly smoothed, with what can be walked on and a place to "
        f"begin), in the folder <a href=scenes>scenes</a>. At {figures['relief']:.0f} m of relief {made} of generated "
        f"ground can be walked on in one piece, and {real} of real ground that was held out.</p>"
        + turning_scenes([folder / name for name in figures["scenes"]])
        + "<p>How it learned:</p><img src=losses.png alt='losses of both networks over the steps'>"
    )


def _act(figures: dict[str, Any]) -> str:
    return (
        "<h2>Act</h2><p>FrozenLake: an agent learns to cross slippery ice, where a step often leads elsewhere than it was "
        f"meant to. {figures['steps']:,} steps through the API, {figures['steps_per_second']:,} a second; "
        f"without exploring it reaches the goal in {percent(figures['success_greedy'])} of its sessions, at best 74 % are "
        "possible.</p>"
        "<img src=frozen-lake.png alt='success rate over the steps'>"
    )
