"""``footlight check-plugin``."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from footlight.cli.options import Options, parsed
from footlight_server.commands.offline import Json, bars, reporting, show

if TYPE_CHECKING:  # imported where it is used, so that the command line starts fast
    from collections.abc import Mapping

    from footlight_plugins.checking import Candidate, Finding, Offer, Report, Terms

Target = Annotated[
    str, typer.Argument(help="An installed distribution, a plug-in's name, or a file.", show_default=False)
]
_TESTS = 45
"""About so many tests a suite has; the bar begins with it."""


def check_plugin(
    target: Target,
    engine: Annotated[str, typer.Option("--engine", "-e", help="Only this engine, or part, of it.")] = "",
    option: Options = None,
    corpus: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Files for a generator to learn from.")
    ] = None,
    bound: Annotated[float, typer.Option(min=0, help="By how much scores of a BOUNDED engine may differ.")] = 0.0,
    seconds: Annotated[float, typer.Option(min=1, help="How long the tests of one engine, or part, may take.")] = 600.0,
    as_json: Json = False,
) -> None:
    """Hold a plug-in to the contract, and say in plain words what to mend.

    Every engine, part, embedder and asset stage that it offers goes through its conformance suite, in a process of its
    own. The exit code is 0 where every promise is kept, 1 where one is not, 2 where there is no such plug-in.
    """
    with reporting(as_json):
        from footlight_plugins.checking import Terms, find_plugin

        candidates = find_plugin(target)
        terms = Terms(parsed(option), corpus, bound, seconds)
        chosen = [(one, spec) for one in candidates for spec in one.offers if engine in ("", spec.name)]
        broken = [one for one in candidates if one.status.reason]
        if not chosen and not broken and engine:
            raise ValueError(f"--engine: {target} offers no engine or part {engine!r}")
        reports = [(spec, _checked(one, spec, terms, as_json)) for one, spec in chosen]
        facts = {
            "ok": not broken and all(report.ok for _, report in reports),
            "plugins": [_plugin(one) for one in candidates],
            "engines": {spec.name: report.json() for spec, report in reports if not _role(spec)},
            "parts": {f"{_role(spec)}/{spec.name}": report.json() for spec, report in reports if _role(spec)},
        }
        show(as_json, facts, lambda: _view(candidates, reports))
    if not facts["ok"]:
        raise typer.Exit(1)


def _role(spec: Offer) -> str:
    """The role of a part; empty for an engine."""
    return str(getattr(spec, "role", ""))


def _checked(candidate: Candidate, spec: Offer, terms: Terms, as_json: bool) -> Report:
    from footlight_plugins.checking import check_offer

    with bars(as_json) as progress:
        return check_offer(candidate, spec, terms, lambda done: progress(spec.name, done, max(done, _TESTS)))


def _plugin(one: Candidate) -> Mapping[str, Any]:
    status = one.status
    return {
        "name": status.name,
        "distribution": status.distribution,
        "version": status.version,
        "state": status.state.value,
        "reason": status.reason,
    }


def _view(candidates: tuple[Candidate, ...], reports: list[tuple[Offer, Report]]) -> str:
    parts = [_state(one) for one in candidates] + [_verdict(spec, report) for spec, report in reports]
    return "\n\n".join(parts)


def _state(one: Candidate) -> str:
    status = one.status
    source = f"{status.distribution} {status.version}".strip() or "a file"
    line = f"plug-in {status.name} (from {source}): {status.state}"
    if not status.reason:
        return line if one.offers else f"{line}; it offers nothing, so there is nothing more to check here"
    return f"{line}: {status.reason}" + (f"\n\n{textwrap.indent(status.traceback, '  ')}" if status.traceback else "")


def _verdict(spec: Offer, report: Report) -> str:
    what = f"{_role(spec)} {spec.name}" if _role(spec) else f"engine {spec.name}"
    lines = [
        f"{what} {spec.version}{_verb(spec)}: {report.passed} passed, "
        f"{len(report.findings)} to mend, {len(report.skipped)} do not apply"
    ]
    lines += [_finding(one) for one in report.findings]
    if report.unfinished:
        lines.append(f"  The tests did not come to an end: {report.unfinished}.")
    if report.ok:
        lines.append("  It keeps the contract.")
    return "\n".join(lines)


def _verb(spec: Offer) -> str:
    return f" ({verb})" if (verb := getattr(spec, "verb", "")) else ""


def _finding(one: Finding) -> str:
    cases = f" (in {one.cases} cases)" if one.cases > 1 else ""
    lines = [f"\n  ✗ {one.promise}{cases}", f"    seen: {textwrap.shorten(one.happened, 300)}"]
    lines += [f"    at:   {one.place}"] if one.place else []
    return "\n".join(
        [*lines, textwrap.fill(one.mend, 110, initial_indent="    mend: ", subsequent_indent="          ")]
    )
