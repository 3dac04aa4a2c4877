"""The suite that an engine or a part is held to, put together from what its spec and its class say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from footlight_plugins.contract import Engine, EngineSpec, Verb
from footlight_plugins.data import Corpus, CorpusFile
from footlight_plugins.decisions import Box, Candidates, Discrete, Spaces
from footlight_plugins.embedding import EmbedderRole
from footlight_plugins.factories import resolve_factory
from footlight_plugins.loader import LoaderConfig, load_plugins
from footlight_plugins.parts import PartRole, part_spec
from footlight_plugins.roles import Agent
from footlight_plugins.stages import StageKind
from footlight_plugins.testing import (
    AgentSuite,
    AssistantSuite,
    CandidateSourceSuite,
    EmbedderSuite,
    EngineSuite,
    EventListenerSuite,
    GeneratorSuite,
    ImageEmbedderSuite,
    LabelSuite,
    MetadataSuite,
    OfferSuite,
    OriginalitySuite,
    PartSuite,
    RecommenderSuite,
    ReRankerSuite,
    RewardShaperSuite,
    RulesSuite,
    SignatureSuite,
    StageSuite,
    WatermarkSuite,
)

_FEATURES, _CANDIDATES = 3, 5
PART_SUITES: Mapping[PartRole, type[PartSuite]] = {
    PartRole.LEVEL_RULES: RulesSuite,
    PartRole.RE_RANKER: ReRankerSuite,
    PartRole.CANDIDATE_SOURCE: CandidateSourceSuite,
    PartRole.REWARD_SHAPER: RewardShaperSuite,
    PartRole.EVENT_LISTENER: EventListenerSuite,
}
EMBEDDER_SUITES: Mapping[EmbedderRole, type[EmbedderSuite]] = {
    EmbedderRole.TEXT: EmbedderSuite,
    EmbedderRole.IMAGE: ImageEmbedderSuite,
}
STAGE_SUITES: Mapping[StageKind, type[StageSuite]] = {
    StageKind.ORIGINALITY: OriginalitySuite,
    StageKind.LABEL: LabelSuite,
    StageKind.WATERMARK: WatermarkSuite,
    StageKind.METADATA: MetadataSuite,
    StageKind.SIGNATURE: SignatureSuite,
}


def _only(folder: Path, module: str) -> LoaderConfig:
    """One file of a folder: what lies beside it is neither imported nor in its way."""
    return LoaderConfig(plugins_dir=folder, allowed=frozenset({module}))


SUITES = "footlight.suites"
"""The group of entry points in which a distribution names suites of its own, by the names of what it offers."""


def suite_of(order: str) -> type[OfferSuite]:
    """A class with all tests of what the order names; see `footlight_plugins.checking.running`."""
    asked = json.loads(order)
    plugins = load_plugins(_only(Path(asked["folder"]), asked["module"]) if asked["folder"] else None)
    given = {name: asked[name] for name in ("options", "bound") if asked[name]}
    members: dict[str, Any] = {"plugin_module": asked["module"], **given}
    if (stage := plugins.stages.get(asked["name"])) is not None and asked["role"] == stage.role:
        return type("TestPlugin", (_own(stage.name, STAGE_SUITES[stage.kind]),), {"spec": stage, **members})
    if asked["role"] in list(EmbedderRole):
        embedder = plugins.embedders[asked["name"]]
        return type("TestPlugin", (_own(embedder.name, EMBEDDER_SUITES[embedder.role]),), {"spec": embedder, **members})
    if asked["role"]:
        part = part_spec(PartRole(asked["role"]), asked["name"])
        return type("TestPlugin", (_own(part.name, PART_SUITES[part.role]),), {"spec": part, **members})
    spec = plugins.engines[asked["name"]]
    suite = _own(spec.name, base := _base(spec))
    if suite is base:
        members |= _fitting(resolve_factory(spec))
    if asked["corpus"]:
        members["corpus"] = lambda self, folder: corpus_of(Path(asked["corpus"]))
    return type("TestPlugin", (suite,), {"spec": spec, **members})


def _own(name: str, base: type[OfferSuite]) -> type[OfferSuite]:
    """The suite that the distribution brings, which knows what its engine needs beside the made-up data; else the base.

    Raises
    ------
    TypeError
        When what it names asks for less than the contract does.
    """
    for point in entry_points(group=SUITES, name=name):
        own = point.load()
        if not (isinstance(own, type) and issubclass(own, base)):
            raise TypeError(
                f"{point.value!r} in {SUITES!r} must be a subclass of footlight_plugins.testing.{base.__name__}"
            )
        return own
    return base


def corpus_of(folder: Path) -> Corpus:
    """The files of a folder, in the order of their paths.

    Raises
    ------
    ValueError
        When there are none.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    if not paths:
        raise ValueError(f"there are no files in {folder}")
    return Corpus(tuple(CorpusFile(path.relative_to(folder).as_posix(), path) for path in paths))


def _base(spec: EngineSpec) -> type[EngineSuite]:
    if spec.converses:
        return AssistantSuite
    return {Verb.RECOMMEND: RecommenderSuite, Verb.GENERATE: GeneratorSuite, Verb.ACT: AgentSuite}[spec.verb]


def _fitting(found: type[Engine]) -> dict[str, Any]:
    """The spaces that an agent says it takes."""
    if not issubclass(found, Agent):
        return {}
    observation = Box((-2.0,) * _FEATURES, (2.0,) * _FEATURES) if found.takes_features else Discrete(6)
    action = Candidates(_FEATURES, _CANDIDATES) if found.takes_candidates else Discrete(4)
    return {"spaces": Spaces(observation, action)}
