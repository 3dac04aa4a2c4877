"""An evaluation as a page with pictures."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from footlight_server.commands.evaluation_table import MEASURED, beside

if TYPE_CHECKING:  # imported where it is used, so that the command line starts fast
    from footlight_plugins.evaluation import Evaluation

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
th, td { text-align: left; padding: .25rem .8rem; border-bottom: 1px solid #ddd; }
td + td { text-align: right; font-variant-numeric: tabular-nums; }
tr.ours { font-weight: 600; background: #eef4ff; }
img { max-width: 100%; }
footer { color: #777; font-size: .85rem; margin-top: 2rem; }
"""
_CURVES = ("ndcg", "recall", "precision", "map", "mrr", "hit")


def write_page(result: Evaluation, folder: Path) -> Path:
    """Write ``index.html``, its pictures and ``evaluation.json``; return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = [("comparison.png", _draw_comparison)]
    if not result.plan.protocol.predicts:
        pictures += [("cutoffs.png", _draw_cutoffs), ("popularity.png", _draw_popularity)]
    for name, draw in pictures:
        draw(result).savefig(folder / name, dpi=110)
    facts = result.json()
    (folder / "evaluation.json").write_text(json.dumps(facts, indent=2, ensure_ascii=False), encoding="utf-8")
    page = folder / "index.html"
    page.write_text(_page(result, facts, [name for name, _ in pictures]), encoding="utf-8")
    return page


def _page(result: Evaluation, facts: dict[str, Any], pictures: Sequence[str]) -> str:
    options = ", ".join(f"{name}={value}" for name, value in facts["options"].items()) or "no options"
    names, lines, sources = beside(result)
    rows = [
        (source == MEASURED, (model, *(f"{figures[n]:.4f}" if n in figures else "" for n in names), source))
        for model, figures, source in lines
    ]
    data = facts["data"]
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(facts['engine'])}</title>"
        f"<style>{_STYLE}</style><h1>{html.escape(facts['engine'])} by {html.escape(facts['protocol'])}</h1>"
        f"<p>{html.escape(result.plan.protocol.summary)}.</p><p>{html.escape(options)}</p>"
        f"<p>{html.escape(data['name'])}: {data['rows']:,} rows, {data['people']:,} people, {data['items']:,} items.</p>"
        + _table(("model", *names, "source"), rows)
        + "".join(f"<p>[{number}] {html.escape(source)}</p>" for number, source in enumerate(sources, 1))
        + "".join(f"<img src={name} alt={name.removesuffix('.png')}>" for name in pictures)
        + _table(("figure", "mean", "95 % interval"), [(False, _cells(*one)) for one in facts["metrics"].items()])
        + f"<footer>sha256 of the data: {data.get('sha256', '-')}; seeds {facts['seeds']}; {facts['interval']}</footer>"
    )


def _cells(name: str, figure: dict[str, Any]) -> tuple[str, ...]:
    mean, bounds = figure["mean"], figure["ci95"]
    return (
        name,
        "-" if mean is None else f"{mean:.4f}",
        "-" if bounds is None else f"{bounds[0]:.4f} to {bounds[1]:.4f}",
    )


def _table(header: Sequence[str], rows: Sequence[tuple[bool, Sequence[str]]]) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join(
        f"<tr{' class=ours' if ours else ''}>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"
        for ours, cells in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _draw_comparison(result: Evaluation) -> Any:
    """The figure that the protocol is about, of every model; ours with its interval."""
    metric = result.plan.protocol.metric
    _, lines, _ = beside(result)
    shown = [(model, figures[metric], source == MEASURED) for model, figures, source in lines if metric in figures]
    figure = _figure(8, 1 + 0.32 * len(shown))
    axis = figure.subplots()
    for place, (_, value, ours) in enumerate(reversed(shown)):
        axis.barh(place, value, color="tab:blue" if ours else "lightgrey")
        if ours and math.isfinite(result.metrics[metric].high):
            one = result.metrics[metric]
            axis.errorbar(value, place, xerr=[[value - one.low], [one.high - value]], color="black", capsize=4)
    axis.set_yticks(range(len(shown)), [model for model, _, _ in reversed(shown)])
    axis.set_xlabel(metric + (", less is better" if result.plan.protocol.predicts else ""))
    return figure


def _draw_cutoffs(result: Evaluation) -> Any:
    """Each figure over the cut-offs, with its interval, beside the order of popularity."""
    cutoffs = result.plan.cutoffs
    figure = _figure(9, 5)
    for axis, name in zip(figure.subplots(2, 3, sharex=True).flat, _CURVES, strict=True):
        ones = [result.metrics[f"{name}@{k}"] for k in cutoffs]
        axis.plot(cutoffs, [one.mean for one in ones], marker="o", label=result.contender.name)
        axis.fill_between(cutoffs, [one.low for one in ones], [one.high for one in ones], alpha=0.25)
        for baseline, figures in result.baselines.items():
            if f"{name}@{cutoffs[0]}" in figures:
                axis.plot(cutoffs, [figures[f"{name}@{k}"].mean for k in cutoffs], ":", color="grey", label=baseline)
        axis.set_title(name)
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
    figure.axes[0].legend()
    figure.supxlabel("cut-off")
    return figure


def _draw_popularity(result: Evaluation) -> Any:
    """How much of the lists goes to popular items, beside how much of the training rows does."""
    figure = _figure(8, 3.4)
    axis = figure.subplots()
    assert result.exposure is not None
    tenths = range(1, len(result.exposure.places) + 1)
    for shift, shares, label in (
        (-0.2, result.exposure.places, f"of the first {result.plan.middle} places"),
        (0.2, result.exposure.rows, "of the training rows"),
    ):
        axis.bar([tenth + shift for tenth in tenths], [100 * share for share in shares], width=0.4, label=label)
    axis.set_xticks(tenths)
    axis.set_xlabel("tenths of the items, the most popular first")
    axis.set_ylabel("share, %")
    axis.legend()
    return figure
