"""What the server holds that the clients are tested against."""

from __future__ import annotations

from tests.e2e.conftest import SHORT, Server, catalogue, hills, history


def fill(server: Server) -> None:
    """Forty films and what forty people thought of them, a trained item-knn, a small generator, and one of pictures."""
    client = server.client
    client.put_items(catalogue())
    client.record_events(history())
    client.train("item-knn", {"k": 30})
    corpus = client.upload_corpus("hills", hills())
    client.train("mlp-gan", SHORT, corpus_id=corpus.corpus_id, seed=1)
    client.create_deployment("pictures", "mlp-gan", {"media": "png"})
    client.train("pictures", {"steps": 200}, corpus_id=corpus.corpus_id, seed=1)
