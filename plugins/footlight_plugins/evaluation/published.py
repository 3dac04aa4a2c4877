"""What others have published for the same protocols, to stand beside our figures. The only place for such figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One model's figures."""

    model: str
    metrics: Mapping[str, float]
    source: str
    """Where they stand."""


_MICROSOFT = "recommenders-team/recommenders, examples/06_benchmarks/movielens.ipynb (run of 2025-07)"
_RECBOLE = "RUCAIBox/RecBole, README"
_BARS = "reczoo/BARS, docs/Matching/leaderboard/gowalla_m1.csv"
_SURPRISE = "NicolasHug/Surprise, README"


def _top10(model: str, ndcg: float, others: tuple[float, ...] = ()) -> Row:
    names = ("ndcg@10", "precision@10", "recall@10", "map@10")
    return Row(model, dict(zip(names, (ndcg, *others), strict=False)), _MICROSOFT)


def _gowalla(model: str, recall: float, ndcg: float) -> Row:
    return Row(model, {"recall@20": recall, "ndcg@20": ndcg}, _BARS)


def _sequence(model: str, hit: float, ndcg: float, source: str) -> Row:
    return Row(f"{model} (MovieLens 1M)", {"hit@10": hit, "ndcg@10": ndcg}, source)


def _rated(model: str, rmse: float, mae: float | None = None) -> Row:
    return Row(model, {"rmse": rmse} | ({} if mae is None else {"mae": mae}), _SURPRISE)


PUBLISHED: Mapping[str, tuple[Row, ...]] = {
    "ms-ml100k": (
        _top10("BiVAE", 0.4687, (0.408, 0.221, 0.144)),
        _top10("BPR (200 factors)", 0.4450, (0.389, 0.217, 0.134)),
        _top10("LightGCN", 0.4164, (0.359, 0.196, 0.121)),
        _top10("SAR", 0.393819, (0.340615, 0.185377, 0.114038)),
        _top10("NCF", 0.3686),
        _top10("embdotbias", 0.118),
        _top10("Surprise SVD", 0.094),
    ),
    "recbole-ml100k": (
        Row("BPR", {"recall@10": 0.2368, "ndcg@10": 0.2768, "mrr@10": 0.4519, "precision@10": 0.1901}, _RECBOLE),
    ),
    "gowalla": (
        _gowalla("SimpleX", 0.1872, 0.1557),
        _gowalla("UltraGCN", 0.1862, 0.158),
        _gowalla("GF-CF", 0.1849, 0.1518),
        _gowalla("MF-CCL", 0.1837, 0.1493),
        _gowalla("LightGCN", 0.182, 0.1547),
        _gowalla("EASE", 0.1765, 0.1467),
        _gowalla("YoutubeDNN", 0.1754, 0.1473),
        _gowalla("SLIM", 0.1699, 0.1382),
        _gowalla("MultVAE", 0.1641, 0.1335),
        _gowalla("MF-BPR", 0.1627, 0.1378),
        _gowalla("ItemCF", 0.157, 0.1214),
        _gowalla("NGCF", 0.157, 0.1327),
    ),
    "leave-last": (
        _sequence("HSTU-large", 0.3642, 0.2164, "MTSWebServices/RecTools, transformers_HSTU_tutorial.ipynb"),
        _sequence("SASRec+, cross-entropy", 0.3152, 0.1821, "antklen/sasrec-bert4rec-recsys23, README"),
        _sequence("gSASRec", 0.3003, 0.1726, "asash/gSASRec-pytorch, README"),
        _sequence("GRU4Rec", 0.2811, 0.1648, "meta-recsys/generative-recommenders, README"),
        _sequence("SASRec, sampled softmax", 0.2853, 0.1603, "meta-recsys/generative-recommenders, README"),
        _sequence("BERT4Rec", 0.2843, 0.1537, "antklen/sasrec-bert4rec-recsys23, README"),
        _sequence("SASRec, 1 negative", 0.2500, 0.1341, "antklen/sasrec-bert4rec-recsys23, README"),
        _sequence("MF-BPR", 0.0740, 0.0377, "blondered/bert4rec_repro, README"),
    ),
    "surprise-5fold": (
        _rated("SVD++", 0.919, 0.721),
        _rated("KNNBaseline", 0.931, 0.733),
        _rated("SVD", 0.934, 0.737),
        _rated("BaselineOnly", 0.944, 0.748),
        _rated("KNNWithMeans", 0.951, 0.749),
        _rated("KNNBasic", 0.98, 0.774),
    ),
}
"""By protocol, each as published for the data that the protocol is named after, best first; leave-last: MovieLens 1M."""
