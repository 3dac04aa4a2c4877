"""What is wrong with a body in JSON is said under the path of the field, in words that do not come from a parser."""

from __future__ import annotations

import json

import pytest
from google.protobuf.message import Message

from footlight.v1 import catalog_pb2, interaction_pb2, recommendation_pb2
from footlight_server.web.codec import CODECS
from footlight_server.web.connect import Refused

EVENTS, ITEMS = catalog_pb2.RecordEventsRequest, catalog_pb2.PutItemsRequest
RECOMMEND, ACT = recommendation_pb2.RecommendRequest, interaction_pb2.ActRequest
WRONG: list[tuple[type[Message], str, str]] = [
    (EVENTS, '{"events": [{}, {"value": "abc"}]}', "events[1].value: must be a number, not abc"),
    (EVENTS, '{"events": [{"userId": 5}]}', "events.userId: must be text"),
    (EVENTS, '{"events": [{}, {"eventTime": "soon"}]}', "events[1].eventTime: must be a time, such as"),
    (EVENTS, '{"events": [{"eventTime": 5}]}', "events[0].eventTime: must be a time, such as"),
    (EVENTS, '{"events": [{}, {"kind": "RATING"}]}', "events[1].kind: must be one of EVENT_KIND_"),
    (EVENTS, '{"events": {"a": 1}}', "events: must be a list, not {'a': 1}"),
    (EVENTS, '{"events": [5]}', "events: must be an object"),
    (EVENTS, '{"events": [{"when": 5}]}', "events[0].when: there is no such field; there is eventId"),
    (ITEMS, '{"items": [{"tags": "war"}]}', "items[0].tags: must be a list, not war"),
    (ITEMS, '{"items": [{"attributes": 5}]}', "items[0].attributes: must be an object, not 5"),
    (RECOMMEND, '{"count": 1.5}', "count: must be a whole number, not 1.5"),
    (RECOMMEND, '{"count": "x"}', "count: must be a whole number, not 'x'"),
    (RECOMMEND, '{"count": 99999999999}', "count: is out of range: 99999999999"),
    (RECOMMEND, '{"includeSeen": "yes"}', "includeSeen: must be true or false, without quotes"),
    (ACT, '{"observation": {"discrete": 1, "box": {}}}', "observation: "),
    (RECOMMEND, '{"count": 1, "count": 2}', "the body is no JSON: duplicate key count"),
    (RECOMMEND, "{bad", "the body is no JSON: Expecting property name"),
    (RECOMMEND, "[]", "the body must be a JSON object"),
    (RECOMMEND, "5", "the body must be a JSON object"),
    (RECOMMEND, "null", "the body must be a JSON object"),
]


@pytest.mark.parametrize(("kind", "body", "said"), WRONG)
def test_a_wrong_body_is_refused_by_the_field(kind: type[Message], body: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        CODECS["application/json"].read(kind, body.encode())
    message = refused.value.body["message"]
    assert isinstance(message, str) and message.startswith(said) and not message.endswith(".")


def test_the_field_stands_in_the_details() -> None:
    with pytest.raises(Refused) as refused:
        CODECS["application/json"].read(EVENTS, b'{"events": [{}, {"value": "abc"}]}')
    assert '"field": "events[1].value"' in json.dumps(refused.value.body)


def test_an_empty_body_is_an_empty_message() -> None:
    assert CODECS["application/json"].read(RECOMMEND, b"") == RECOMMEND()
