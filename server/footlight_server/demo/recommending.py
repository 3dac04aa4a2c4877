"""Recommend: import a catalogue and a log, train, answer, learn, forget."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from rich.table import Table

import footlight
from footlight.tables import CleaningReport, read_events, read_items
from footlight_server.demo.movielens import write_tables
from footlight_server.demo.stage import SEED, Listener, Stage, watch

T = TypeVar("T")

ENGINES = ("item-knn", "user-knn")
GENRES = ("Horror", "Children", "Film-Noir")
"""The three people are those whose taste leans furthest towards these."""
LINES = 5
BATCH = 5_000
STRANGER = "somebody-new"


def recommend(stage: Stage) -> None:
    """Play the whole part."""
    stage.title("Recommend: MovieLens latest-small")
    items, events = _import(stage)
    _train(stage)
    people = _three_people(items, events)
    titles = {item.item_id: _titled(item) for item in items}
    for genre, user in people.items():
        _show_person(stage, user, genre, titles)
    _learn(stage, people["Horror"], items, events, titles)
    _forget(stage, people["Film-Noir"], titles)


def _titled(item: footlight.Item) -> str:
    year = item.attributes.get("year")
    return f"{item.title} ({year})" if year else item.title


def _import(stage: Stage) -> tuple[list[footlight.Item], list[footlight.Event]]:
    stage.say("Reading the tables ...")
    movies, ratings = write_tables(stage.folder / "movielens")
    items, item_report = read_items(movies, skip_bad_lines=True)
    events, event_report = read_events(ratings, known_items={item.item_id for item in items}, skip_bad_lines=True)
    _say_cleaned(stage, movies, item_report)
    _say_cleaned(stage, ratings, event_report)
    started = time.perf_counter()
    with stage.progress() as bars:
        _send(bars.add_task("catalogue", total=len(items), note=""), bars, items, stage.client.put_items)
        _send(bars.add_task("events", total=len(events), note=""), bars, events, stage.client.record_events)
    seconds = time.perf_counter() - started
    stage.say(f"Imported {len(items):,} films and {len(events):,} ratings through the API in {seconds:.1f} s.")
    stage.figures["import"] = {
        "items": len(items),
        "events": len(events),
        "seconds": round(seconds, 2),
        "cleaned": {"bad_lines": event_report.bad_count, "duplicates": event_report.duplicate_count},
    }
    return items, events


def _say_cleaned(stage: Stage, path: Path, report: CleaningReport) -> None:
    stage.say(
        f"  {path.name}: {report.rows:,} lines, {report.kept:,} kept, {report.duplicate_count:,} duplicates, "
        f"{report.bad_count:,} bad, {report.unknown_item_count:,} of unknown films"
    )
    for problem in (report.bad + report.duplicates + report.unknown_items)[:5]:
        stage.say(f"    line {problem.line}: {problem.field}: {problem.expected}")


def _send(task: Any, bars: Any, rows: Sequence[T], send: Any) -> None:
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        send(part)
        bars.advance(task, len(part))


def _train(stage: Stage) -> None:
    stage.say("Training; the very first time kernels are compiled, which takes most of half a minute ...")
    started = time.perf_counter()
    ordered = stage.client.start_training("item-knn", seed=SEED)
    heard = watch(stage, Listener(stage.client, ordered), "training item-knn", {"items": ",.0f", "people": ",.0f"})
    training = heard[-1]
    seconds = time.perf_counter() - started
    stage.say(f"item-knn is at version {training.model_version}, trained in a process of its own in {seconds:.1f} s.")
    stage.figures["training"] = {"engine": "item-knn", "version": training.model_version, "seconds": round(seconds, 2)}


def _three_people(items: Sequence[footlight.Item], events: Sequence[footlight.Event]) -> dict[str, str]:
    """For each genre the person of 30 to 200 ratings whose liked films lean furthest towards it."""
    tags = {item.item_id: item.tags for item in items}
    liked: dict[str, list[str]] = defaultdict(list)
    rated: Counter[str] = Counter()
    for event in events:
        rated[event.user_id] += 1
        if (event.value or 0) >= 4:
            liked[event.user_id].append(event.item_id)
    people: dict[str, str] = {}
    for genre in GENRES:
        candidates = [user for user in liked if 30 <= rated[user] <= 200 and user not in people.values()]
        people[genre] = max(candidates, key=lambda u: sum(genre in tags[i] for i in liked[u]) / (len(liked[u]) + 10))
    return people


def _show_person(stage: Stage, user: str, genre: str, titles: dict[str, str]) -> None:
    stage.say(f"\n[bold]Person {user}[/bold], who leans towards {genre}:")
    shown = stage.figures.setdefault("people", {})
    for engine in ENGINES:
        answer = stage.client.recommend(user, LINES, deployment=engine)
        table = Table(title=f"{engine} for person {user}", title_justify="left")
        for column in ("film", "score", "why"):
            table.add_column(column, justify="right" if column == "score" else "left")
        rows = [(titles[i.item_id], f"{i.score:.2f}", reason_sentence(i.reasons, titles)) for i in answer.items]
        for row in rows:
            table.add_row(*row)
        stage.console.print(table)
        shown.setdefault(f"{user} ({genre})", {})[engine] = [list(row) for row in rows]


def reason_sentence(reasons: Sequence[footlight.Reason], titles: dict[str, str]) -> str:
    """Reasons as a person would say them."""
    watched = [titles[reason.item_id] for reason in reasons if reason.item_id]
    if watched:
        return "because you watched " + " and ".join(watched[:2])
    people = next((reason.people_count for reason in reasons if reason.people_count), 0)
    similar = any(reason.kind == footlight.ReasonKind.SIMILAR_PEOPLE for reason in reasons)
    return f"{people} people {'with your taste' if similar else ''} like it".replace("  ", " ")


def _learn(
    stage: Stage,
    user: str,
    items: Sequence[footlight.Item],
    events: Sequence[footlight.Event],
    titles: dict[str, str],
) -> None:
    """Let the first person like five well-known children's films, and watch the list change."""
    counts = Counter(event.item_id for event in events)
    met = {event.item_id for event in events if event.user_id == user}
    films = [item for item in items if "Children" in item.tags and item.item_id not in met]
    liked = sorted(films, key=lambda item: -counts[item.item_id])[:5]
    before = stage.client.recommend(user, LINES, deployment="item-knn")
    started = time.perf_counter()
    stage.client.record_events(
        [footlight.Event(user, film.item_id, footlight.EventKind.RATING, value=5.0) for film in liked]
    )
    after = stage.client.recommend(user, LINES, deployment="item-knn")
    ms = 1000 * (time.perf_counter() - started)
    stage.say(f"\nPerson {user} now gives 5 stars to: " + "; ".join(_titled(film) for film in liked) + ".")
    table = Table(title=f"item-knn for person {user}, {ms:.1f} ms later", title_justify="left")
    table.add_column("before")
    table.add_column("after")
    names = [[titles[i.item_id] for i in answer.items] for answer in (before, after)]
    for left, right in zip(*names, strict=True):
        table.add_row(left, right if right in names[0] else f"[green]{right}[/green]")
    stage.console.print(table)
    changed = len(set(names[1]) - set(names[0]))
    stage.say(f"{changed} of {LINES} lines are new; from the events to the changed answer: {ms:.1f} ms.")
    stage.figures["freshness"] = {"before": names[0], "after": names[1], "new_lines": changed, "ms": round(ms, 2)}


def _forget(stage: Stage, user: str, titles: dict[str, str]) -> None:
    erased = stage.client.forget_user(user)
    answer = stage.client.recommend(user, LINES, deployment="item-knn")
    stranger = stage.client.recommend(STRANGER, LINES, deployment="item-knn")
    same = [i.item_id for i in answer.items] == [i.item_id for i in stranger.items] and answer.fallback
    stage.say(
        f"\nPerson {user} was forgotten: {erased.events} events and {erased.decisions} decisions erased. "
        f"Their list now {'equals' if same else 'DIFFERS FROM'} a stranger's: "
        + "; ".join(titles[i.item_id] for i in answer.items)
        + "."
    )
    stage.figures["forgetting"] = {"person": user, "events": erased.events, "equals_stranger": same}
