"""Put three films, record who liked what, and ask what to show Ada."""

import footlight
from footlight import Event, EventKind, Item

FILMS = [Item("m1", title="Metropolis"), Item("m2", title="Nosferatu"), Item("m3", title="The General")]
LIKES = [("ada", "m1"), ("bob", "m1"), ("bob", "m2"), ("eve", "m1"), ("eve", "m2"), ("eve", "m3")]

with footlight.Client() as client:  # at $FOOTLIGHT_ADDRESS, else localhost:7007
    client.put_items(FILMS)
    client.record_events([Event(user, film, EventKind.LIKE, event_id=f"{user}/{film}") for user, film in LIKES])
    answer = client.recommend("ada", 3, deployment="user-knn")
    for line in answer:
        print(f"{client.get_item(line.item_id).title}: liked by {line.reasons[0].people_count} people like Ada")

    client.record_events([Event("ada", answer.items[0].item_id, EventKind.PLAY, decision_id=answer.decision_id)])
    print("after she played the first:", [line.item_id for line in client.recommend("ada", deployment="user-knn")])

    client.forget_user("ada")
    print("forgotten:", client.recommend("ada").fallback)
