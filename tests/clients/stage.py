"""What the server holds that the clients are tested against."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.e2e.conftest import SHORT, Server, catalogue, hills, history

from footlight import Client, Corpus, InternalError, Unauthenticated, Unavailable

SETTLE_SECONDS = 90.0


def fill(server: Server) -> None:
    """Forty films and what forty people thought of them, a trained item-knn, a small generator, and one of pictures."""
    client = server.client
    client.put_items(catalogue())
    client.record_events(history())
    client.train("item-knn", {"k": 30})
    settle(client)
    corpus = teach_hills(client)
    client.create_deployment("pictures", "mlp-gan", {"media": "png"})
    client.train("pictures", {"steps": 5}, corpus_id=corpus.corpus_id, seed=1)


def teach_hills(client: Client) -> Corpus:
    """Let mlp-gan learn a corpus of hills, as soon as the server has heard of the client's token."""
    end = time.monotonic() + SETTLE_SECONDS
    while True:
        try:
            corpus = client.upload_corpus("hills", hills())
            break
        except Unauthenticated:
            assert time.monotonic() < end, "the server does not hear of the token"
            time.sleep(0.05)
    client.train("mlp-gan", SHORT, corpus_id=corpus.corpus_id, seed=1)
    return corpus


def settle(client: Client) -> None:
    """Ask in every way until each is answered by item-knn itself: on a machine where nothing is compiled yet, a first call
    may take so long that the engine is left alone for a while."""
    ways = (
        lambda: client.recommend("a-00", deployment="item-knn", diversity=0.5, reasons=2).model_version,
        lambda: client.recommend(history=["a00"], deployment="item-knn").model_version,
        lambda: client.similar_items("a00", deployment="item-knn").model_version,
    )
    end = time.monotonic() + SETTLE_SECONDS
    while not all(map(_answered, ways)):
        assert time.monotonic() < end, "item-knn does not come to answer"
        time.sleep(0.5)


def _answered(way: Callable[[], int]) -> bool:
    try:
        return way() == 1
    except (InternalError, Unavailable):
        return False
