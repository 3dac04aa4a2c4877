"""``footlight tune``."""

from __future__ import annotations

import importlib.util
import json
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from footlight.cli.options import Options, parsed
from footlight_server.commands.evaluate import (
    Data,
    EngineName,
    PluginsDir,
    ProtocolName,
    ProtocolOption,
    Seeds,
    ValuesOption,
    plan_of,
)
from footlight_server.commands.offline import INTERRUPTED, Json, bars, reporting, show

if TYPE_CHECKING:  # imported where it is used, so that the command line starts fast
    from footlight_plugins.evaluation import Contender, Estimate, Evaluation, Plan
    from footlight_plugins.evaluation.search_space import Dimension
    from footlight_server.commands.trials import Search, Tell


def tune(
    data: Data,
    engine: EngineName,
    protocol: ProtocolOption = ProtocolName.LEAVE_LAST,
    option: Options = None,
    budget: Annotated[float, typer.Option(min=1, help="For how many seconds to search.")] = 300,
    trials: Annotated[int, typer.Option(min=1, help="How many options to try at most.")] = 100,
    metric: Annotated[str, typer.Option(help="What to make better. Default: what the protocol is about.")] = "",
    seed: Annotated[int, typer.Option(min=0, help="Where the search's draws come from.")] = 0,
    seeds: Seeds = "",
    values: ValuesOption = None,
    plugins_dir: PluginsDir = None,
    as_json: Json = False,
) -> None:
    """Find better options for a recommender, without a server and without looking at the test.

    Options are tried on the protocol's validation part, which is held back inside what the test learns from; the engine's
    defaults come first. Then the best are measured on the test, once. `--option` fixes an option. Ctrl-C ends the search
    and shows the best so far.
    """
    with reporting(as_json):
        _require_optuna()
        from footlight_plugins.evaluation import contender, evaluate_with, read_dataset
        from footlight_plugins.evaluation.inner_options import filled_in
        from footlight_plugins.evaluation.search_space import search_space
        from footlight_server.commands.trials import Budget, Search, search

        fixed = parsed(option)
        plan = _aimed(plan_of(protocol, None, seeds, values), metric)
        chosen = contender(engine, fixed, plugins_dir)
        space = search_space(chosen.options_type, fixed)
        with bars(as_json) as progress:
            found = read_dataset(data, progress)

        def make(options: Mapping[str, Any]) -> Contender:
            return contender(engine, fixed | filled_in(chosen.options, options), plugins_dir)

        def attempt(options: Mapping[str, Any]) -> Estimate:
            return evaluate_with(make(options), found, replace(plan, validation=True)).metrics[plan.metric]

        result = Search(plan.metric)
        with _search_bar(trials, budget, as_json) as tell:
            search(attempt, space, result, Budget(trials, budget, seed), tell)
        test = None
        if result.best is not None and not result.interrupted:
            with bars(as_json) as progress:
                test = evaluate_with(make(result.best[0]), found, plan, progress)
        facts = _facts(chosen, fixed, result, space, test) | {
            "search_seed": seed,
            "protocol": protocol.value,
            "seeds": list(plan.seeds or plan.protocol.seeds),
        }
        show(as_json, facts, lambda: _view(facts, test))
        if result.interrupted:
            raise typer.Exit(INTERRUPTED)


def _require_optuna() -> None:
    if importlib.util.find_spec("optuna") is None:
        raise ValueError("footlight tune needs optuna: pip install 'footlight[tune]'")


def _aimed(plan: Plan, metric: str) -> Plan:
    """The plan with the figure to make better, its cut-off among those that are computed."""
    from footlight_plugins.evaluation.accuracy import NAMES

    metric = metric or plan.protocol.metric
    name, _, cutoff = metric.partition("@")
    predicting = metric in ("rmse", "mae")
    ranked = name in NAMES and cutoff.isdecimal() and 1 <= int(cutoff) <= 1_000
    if predicting != plan.protocol.predicts or not (predicting or ranked):
        wanted = "rmse or mae" if plan.protocol.predicts else f"one of {', '.join(NAMES)} with a cut-off, as ndcg@10"
        raise ValueError(f"--metric: expected {wanted}, got {metric!r}")
    cutoffs = plan.cutoffs if predicting else tuple(sorted({*plan.cutoffs, int(cutoff)}))
    return replace(plan, cutoffs=cutoffs, aim=metric)


@contextmanager
def _search_bar(trials: int, budget: float, as_json: bool) -> Iterator[Tell]:
    """A bar of the trials or of the time, whatever is further on."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    text = TextColumn("{task.fields[note]}", markup=False)
    columns = (TextColumn("searching"), BarColumn(), text, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=as_json) as bar:
        task = bar.add_task("searching", total=1.0, note="the defaults first")

        def tell(done: int, best: float | None, seconds: float) -> None:
            note = f"{done} of {trials} trials, best {'-' if best is None else f'{best:.4f}'}"
            bar.update(task, completed=max(done / trials, seconds / budget), note=note)

        yield tell


def _facts(
    chosen: Contender,
    fixed: Mapping[str, Any],
    result: Search,
    space: tuple[Dimension, ...],
    test: Evaluation | None,
) -> dict[str, Any]:
    from footlight_plugins.evaluation.inner_options import filled_in

    if result.best is None:
        reasons = "; ".join(dict.fromkeys(reason for _, reason in result.failures)) or "there was no time for one trial"
        raise ValueError(f"no options could be tried: {reasons}")
    options, figure = result.best
    options = dict(fixed) | filled_in(chosen.options, options)
    return {
        "engine": chosen.name,
        "metric": result.metric,
        "best": {"options": options, "validation": figure.json()},
        "defaults": {"validation": result.defaults.json()} if result.defaults else None,
        "searched": {one.name: one.json() for one in space},
        "trials": len(result.figures),
        "failed": [{"options": dict(tried), "reason": reason} for tried, reason in result.failures],
        "seconds": round(result.seconds, 2),
        "interrupted": result.interrupted,
        "test": test.json() if test else None,
        "command": _command(chosen.name, options),
    }


def _command(engine: str, options: Mapping[str, Any]) -> str:
    """How to train with these options."""
    given = [f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in options.items()]
    return shlex.join(["footlight", "train", engine, *(word for one in given for word in ("--option", one))])


def _view(facts: Mapping[str, Any], test: Evaluation | None) -> str:
    from footlight_server.commands.evaluation_table import as_text

    best, defaults, metric = facts["best"], facts["defaults"], facts["metric"]
    lines = [
        f"{facts['trials']} trials in {facts['seconds']:.0f} s, {len(facts['failed'])} refused by the engine",
        f"best {metric} on the validation part: {best['validation']['mean']:.4f}"
        + (f" (defaults: {defaults['validation']['mean']:.4f})" if defaults else ""),
        "options: " + (", ".join(f"{name}={value}" for name, value in best["options"].items()) or "the defaults"),
    ]
    lines += ["", as_text(test)] if test else ["interrupted: the test was not touched"]
    return "\n".join([*lines, "", "To train with them:", f"  {facts['command']}"])
