"""How well the assistant understands, and how long a turn takes.

    python benchmarks/assistant.py [--iard iard.json.xz] [--utterances FILE.tsv ...] [--json results.json]

1. Intents of real dialogues (IARD, 336 dialogues): 5 folds by dialogue, 9 merged intents, several may hold at once. The
   classifier that the assistant ships sees the text, the cues, what the other side did just before, and the embedding.
2. Utterance files (intent, text, slots): share of right intents, and precision, recall and F1 of (slot, value, polarity).
   Each utterance is understood by itself, without a conversation and a catalogue.
3. A conversation about a catalogue of 26,744 made-up titles: milliseconds a turn.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from footlight_engines.act.assistant.classifier import Model, Seen, train
from footlight_engines.act.assistant.engine import AssistantOptions, CatalogueAssistant
from footlight_engines.act.assistant.examples import parsed
from footlight_engines.act.assistant.features import features
from footlight_engines.act.assistant.lexicons import shared_lexicon
from footlight_engines.act.assistant.policy import prior
from footlight_engines.act.assistant.reading import read
from footlight_engines.act.assistant.slots import slots_of
from footlight_engines.act.assistant.understanding import understand
from footlight_plugins import ItemContent, Turn, find_embedder
from footlight_plugins.loader import load_plugins

MERGED = {
    "IQU": "ask", "STO": "ask", "REF": "ask", "CON": "more", "CRI-C": "more", "PRO": "preference", "ANS": "preference",
    "CRI-F": "critique", "CRI-A": "critique", "ACC": "accept", "REJ": "reject", "SEE": "seen", "INQ": "inquire",
}  # fmt: skip
LABELS = ("ask", "more", "preference", "critique", "accept", "reject", "seen", "inquire", "other")
ACTIONS = ("REC-S", "OTH", "REC-E", "EXP-I", "RESP", "EXP-P", "REQ", "R-ANS", "EXP-S", "CLQ")
THRESHOLD, FOLDS = 0.4, 5
"""Chosen beforehand and left alone: no fold is looked at to choose them."""
TITLES = 26_744
Matrix = NDArray[np.float32]


def seekers(path: Path) -> tuple[list[str], Matrix, Matrix, NDArray[np.int64]]:
    """Texts (n,), merged intents (n, 9), the other side's last actions and the turn (n, 12), the dialogue (n,)."""
    texts, labels, context, groups = [], [], [], []
    with lzma.open(path) as file:
        dialogues = json.loads(file.read())
    for number, dialogue in enumerate(dialogues.values()):
        before: Sequence[str] = ()
        for place, turn in enumerate(sorted(dialogue["dialogue_info"].values(), key=lambda one: one["utterance_pos"])):
            said = turn["sub-intent/action"]
            if turn["role"] == "seeker":
                found = {MERGED.get(code, "other") for code in said}
                texts.append(read(re.sub(r"@\d+\s*<([^>]*)>|@\d+", " moviex ", turn["utterance_text"])).text)
                labels.append([label in found for label in LABELS])
                context.append([*(0.5 * (action in before) for action in ACTIONS), 0.5 * (place <= 1), place / 40])
                groups.append(number)
            else:
                before = said
    return texts, np.array(labels, np.float32), np.array(context, np.float32), np.array(groups)


def cross_validated(seen: Seen, labels: Matrix, groups: NDArray[np.int64]) -> dict[str, Any]:
    """Micro and macro F1 over all folds together; no dialogue is in two folds."""
    fold = np.random.default_rng(0).permutation(int(groups.max()) + 1)[groups] % FOLDS
    hat = np.zeros(labels.shape, np.bool_)
    for number in range(FOLDS):
        test = fold == number
        hat[test] = predicted(train(seen[~test], labels[~test]), seen[test])
    true = labels > 0.5
    right, wrong, missed = ((a & b).sum(axis=0) for a, b in ((hat, true), (hat, ~true), (~hat, true)))
    each = 2 * right / (2 * right + wrong + missed)
    micro = 2 * right.sum() / (2 * right.sum() + wrong.sum() + missed.sum())
    return {
        "micro_f1": float(micro),
        "macro_f1": float(each.mean()),
        "f1": dict(zip(LABELS, each.round(3), strict=True)),
    }


def predicted(model: Model, seen: Seen) -> NDArray[np.bool_]:
    """Every label above the threshold; the likeliest where none is."""
    chances = model.probabilities(seen)
    hat: NDArray[np.bool_] = chances > THRESHOLD
    none = ~hat.any(axis=1)
    hat[none, chances[none].argmax(axis=1)] = True
    return hat


def intents(path: Path) -> dict[str, Any]:
    """The first part, with and without the embedding and the context."""
    texts, labels, context, groups = seekers(path)
    rows = features(texts, [slots_of(text, text, shared_lexicon()) for text in texts])
    found = {"text": cross_validated(Seen(rows), labels, groups)}
    embedder = find_embedder()
    seen = Seen(np.hstack([rows, context]), embedder[1].embed(texts) if embedder else None)
    found["text, context and embedding" if embedder else "text and context"] = cross_validated(seen, labels, groups)
    return found


def utterances(path: Path) -> dict[str, Any]:
    """The second part, for one file."""
    lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    right, found, wanted, both, wrong = 0, 0, 0, 0, []
    for one in map(parsed, lines):
        heard = understand(one.text)
        slots = {slot.key for slot in heard.slots if slot.name != "region"}
        expected = {slot for slot in one.slots if slot[0] != "region"}
        right += heard.intent == one.intent
        found, wanted, both = found + len(slots), wanted + len(expected), both + len(slots & expected)
        if heard.intent != one.intent or slots != expected:
            differ = sorted(map(str, slots ^ expected))
            wrong.append({"text": one.text, "intent": [one.intent, heard.intent], "slots": differ})
    precision, recall = both / max(found, 1), both / max(wanted, 1)
    return {
        "utterances": len(lines),
        "intent_accuracy": right / len(lines),
        "slot_precision": precision,
        "slot_recall": recall,
        "slot_f1": 2 * precision * recall / max(precision + recall, 1e-9),
        "wrong": wrong,
    }


TALK = (
    "recommend a funny film from the 90s", "another one", "something lighter", "what is the first one about?",
    "no horror please", "something like Silver Harbour", "why this one?", "undo", "推荐几部科幻电影", "换一个", "太长了",
    "第二个讲什么", "不要这个演员", "就看第一个",
)  # fmt: skip


def catalogue() -> list[ItemContent]:
    """Made-up titles, as many as MovieLens 20M has."""
    rng = np.random.default_rng(1)
    words = [
        "silver",
        "harbour",
        "winter",
        "glass",
        "river",
        "night",
        "stone",
        "garden",
        "paper",
        "lion",
        "moon",
        "storm",
    ]
    genres = ("comedy", "science fiction", "horror", "drama", "romance", "action", "crime", "documentary")
    return [
        ItemContent(
            i,
            " ".join(rng.choice(words, rng.integers(1, 5))).title(),
            "film",
            tuple(str(one) for one in rng.choice(genres, 2, replace=False)),
            {"year": int(rng.integers(1950, 2026)), "duration": int(rng.integers(70, 190))},
        )
        for i in range(TITLES)
    ]


def turns(rounds: int = 5) -> dict[str, Any]:
    """The third part: every turn of a conversation, several times; queries that were asked before are not repeated."""
    engine = CatalogueAssistant(AssistantOptions())
    begun = time.perf_counter()
    engine.describe(catalogue())
    engine.warm_up()
    ready = time.perf_counter() - begun
    times: list[float] = []
    spent = time.process_time()
    for number in range(rounds):
        memory: Mapping[str, Any] = {}
        for text in TALK:
            turn = Turn(f"{text} " + "!" * number, memory, np.ones(TITLES, np.bool_))
            start = time.perf_counter()
            heard = engine.hear(turn)
            act = 0 if heard.mask is None else int(np.argmax(np.where(heard.mask, prior()[heard.observation], -9.0)))
            memory = engine.reply(turn, heard, act).memory
            times.append(1e3 * (time.perf_counter() - start))
    spent = 1e3 * (time.process_time() - spent) / len(times)  # what other processes take from the clock is not in it
    fast = {"cpu_ms": spent, "median_ms": float(np.median(times)), "p95_ms": float(np.percentile(times, 95))}
    return {"titles": TITLES, "seconds_until_ready": ready, "turns": len(times), **fast}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = Path(os.environ.get("FOOTLIGHT_DATA", "../shared/data"))
    parser.add_argument("--iard", type=Path, default=data / "iard-dialogues" / "iard.json.xz")
    parser.add_argument("--utterances", type=Path, nargs="*", default=[Path("tests/data/assistant/development.tsv")])
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    load_plugins()
    results: dict[str, Any] = {}
    if chosen.iard.exists():
        results["iard"] = intents(chosen.iard)
        for name, figures in results["iard"].items():
            print(f"IARD, {name}: micro-F1 {figures['micro_f1']:.3f}, macro-F1 {figures['macro_f1']:.3f}")
    for path in chosen.utterances:
        found = results[path.name] = utterances(path)
        accuracy, f1 = found["intent_accuracy"], found["slot_f1"]
        print(f"{path.name}: {found['utterances']} utterances, intents {accuracy:.3f}, slots F1 {f1:.3f}")
    found = results["turns"] = turns()
    wall = f"median {found['median_ms']:.1f} ms, 95 % within {found['p95_ms']:.1f} ms"
    print(f"a turn over {TITLES:,} titles: {wall}; {found['cpu_ms']:.1f} ms CPU")
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=1, ensure_ascii=False, default=str))


if __name__ == "__main__":
    main()
