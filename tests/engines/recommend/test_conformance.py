"""The built-in recommenders keep the contract."""

from __future__ import annotations

from footlight_engines.recommend import register_engines
from footlight_plugins.testing.recommender import RecommenderSuite

_SPECS = {spec.name: spec for spec in register_engines()}


class TestItemKnn(RecommenderSuite):
    spec = _SPECS["item-knn"]


class TestItemKnnWithFewNeighbours(RecommenderSuite):
    spec = _SPECS["item-knn"]
    options = {"k": 2, "shrinkage": 1.5, "min_similarity": 0.1}  # noqa: RUF012 (the suite's way to set options)


class TestUserKnn(RecommenderSuite):
    spec = _SPECS["user-knn"]
    options = {"k": 4, "shrinkage": 0.5}  # noqa: RUF012


class TestPopular(RecommenderSuite):
    spec = _SPECS["popular"]
