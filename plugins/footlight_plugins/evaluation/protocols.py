"""The ways to evaluate that `footlight evaluate` knows: what is held back, with which seeds, and what is compared.

Each has splits to test with and splits to choose options with. The latter hold back rows of what the former learn from, so
choosing never sees a test row of the same split.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from footlight_plugins.evaluation import splits
from footlight_plugins.evaluation.dataset import DataError, Dataset, Rows, Values
from footlight_plugins.evaluation.splits import Split, all_rows

Splitter = Callable[[Dataset, int], list[Split]]
"""Splits of a dataset, drawn with a seed."""
Inner = Callable[[Dataset, int, int], list[Split]]
"""Splits inside what the split with a seed learns from, drawn with a number of their own.

They leave nine tenths to learn from where the protocol does not say otherwise: the best options depend on how much there is.
"""


@dataclass(frozen=True, slots=True)
class Protocol:
    """One way to evaluate."""

    name: str
    summary: str
    test: Splitter
    validation: Inner
    """The same kind of split inside what `test` learns from."""
    seeds: tuple[int, ...]
    """Those that are used unless others are asked for. Figures of several splits get an interval over the splits, those of
    one an interval over people."""
    metric: str
    """The figure that it is about."""
    values: Values = "binary"
    """How rows become events unless something else is asked for."""
    map_by_all: bool = False
    """Whether MAP divides by all items held back; see `accuracy`."""
    draws: tuple[int, ...] = (0,)
    """How often the validation part of one split is drawn: more often where one draw is too small to tell options apart."""
    predicts: bool = False
    """Whether ratings are predicted instead of items ranked."""
    baselines: tuple[str, ...] = ("popular",)
    """What is ranked beside the engine: the order of popularity, or a random order."""


def _ms_test(data: Dataset, seed: int) -> list[Split]:
    return [splits.by_item(data, all_rows(data), seed)]


def _ms_validation(data: Dataset, seed: int, draw: int) -> list[Split]:
    return [splits.by_item(data, _ms_test(data, seed)[0].train, draw, share=0.9)]


def _recbole_test(data: Dataset, seed: int) -> list[Split]:
    train, valid, test = splits.three_ways(data, all_rows(data), seed)
    return [Split(train, test, masked=valid, seed=seed)]


def _recbole_validation(data: Dataset, seed: int, draw: int) -> list[Split]:
    train, valid, _ = splits.three_ways(data, all_rows(data), seed)
    return [Split(train, valid, seed=seed)]


def _given_test(data: Dataset, seed: int) -> list[Split]:
    return [Split(*_given(data), seed=seed)]


def _given_validation(data: Dataset, seed: int, draw: int) -> list[Split]:
    return [splits.by_user(data, _given(data)[0], draw, share=0.1)]


def _given(data: Dataset) -> tuple[Rows, Rows]:
    """The rows that the file says are learned from, and those that it says are the test."""
    if data.test is None:
        raise DataError(
            f"{data.name}: expected a file with a test part: train_indptr, train_items, test_user, test_item"
        )
    return np.flatnonzero(~data.test).astype(np.int64), np.flatnonzero(data.test).astype(np.int64)


def _last_test(data: Dataset, seed: int) -> list[Split]:
    split = splits.last_of_each(data, all_rows(data))
    return [Split(split.train, split.test, seed=seed)]


def _last_validation(data: Dataset, seed: int, draw: int) -> list[Split]:
    split = splits.last_of_each(data, _last_test(data, seed)[0].train, least=2)
    return [Split(split.train, split.test, seed=seed)]


def _folds_test(data: Dataset, seed: int) -> list[Split]:
    return splits.folds(all_rows(data), seed)


def _folds_validation(data: Dataset, seed: int, draw: int) -> list[Split]:
    return splits.folds(np.sort(_folds_test(data, seed)[0].train), draw)[:1]


def _holdout_test(data: Dataset, seed: int) -> list[Split]:
    return [splits.by_user(data, all_rows(data), seed)]


def _holdout_validation(data: Dataset, seed: int, draw: int) -> list[Split]:
    return [splits.by_user(data, _holdout_test(data, seed)[0].train, draw, share=0.1)]


def _items_test(data: Dataset, seed: int) -> list[Split]:
    return [splits.new_items(data, all_rows(data), seed)]


def _items_validation(data: Dataset, seed: int, draw: int) -> list[Split]:
    return [splits.new_items(data, _items_test(data, seed)[0].train, draw)]


def _people_test(data: Dataset, seed: int) -> list[Split]:
    return [splits.new_people(data, all_rows(data), seed)]


def _people_validation(data: Dataset, seed: int, draw: int) -> list[Split]:
    return [splits.new_people(data, _people_test(data, seed)[0].train, draw)]


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            name="ms-ml100k",
            summary="Microsoft recommenders: a quarter of each item's ratings is the test, all ratings count as positive",
            test=_ms_test,
            validation=_ms_validation,
            seeds=(42,),
            metric="ndcg@10",
            map_by_all=True,
            draws=(1, 2, 3, 4),
        ),
        Protocol(
            name="recbole-ml100k",
            summary="RecBole: 8:1:1 of each person's ratings at random, validation rows masked, mean of the seeds",
            test=_recbole_test,
            validation=_recbole_validation,
            seeds=(2020, 2021, 2022, 2023, 2024),
            metric="ndcg@10",
        ),
        Protocol(
            name="gowalla",
            summary="LightGCN: the test part that the file has",
            test=_given_test,
            validation=_given_validation,
            seeds=(0,),
            metric="recall@20",
        ),
        Protocol(
            name="leave-last",
            summary="Each person's last event is the test, all before it are learned from; people with 3 events or more",
            test=_last_test,
            validation=_last_validation,
            seeds=(0,),
            metric="ndcg@10",
        ),
        Protocol(
            name="surprise-5fold",
            summary="Surprise: ratings predicted, 5 folds of the rows, mean of the folds",
            test=_folds_test,
            validation=_folds_validation,
            seeds=(0,),
            metric="rmse",
            values="keep",
            predicts=True,
            baselines=(),
        ),
        Protocol(
            name="holdout",
            summary="A random fifth of each person's events is the test, mean of the seeds",
            test=_holdout_test,
            validation=_holdout_validation,
            seeds=(1, 2, 3, 4, 5),
            metric="ndcg@10",
        ),
        Protocol(
            name="cold-items",
            summary="A random tenth of the items is held out of training and ranked among itself, mean of the seeds",
            test=_items_test,
            validation=_items_validation,
            seeds=(1, 2, 3, 4, 5),
            metric="recall@50",
            baselines=("random",),
        ),
        Protocol(
            name="cold-people",
            summary="A random tenth of the people is known by the first 3 events, mean of the seeds",
            test=_people_test,
            validation=_people_validation,
            seeds=(1, 2, 3, 4, 5),
            metric="ndcg@10",
        ),
    )
}
"""By name."""
