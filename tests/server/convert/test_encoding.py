"""What is encoded by hand is what the generated class reads, and what it would have written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from footlight.v1 import recommendation_pb2 as pb
from footlight_plugins import Ranking
from footlight_server.convert.encoding import Lines, encoded, varint
from footlight_server.convert.recommendation import recommendation
from footlight_server.dispatch.wanting import Recommended

IDS = ["m1", "片名", "x" * 256, "a", "b" * 127]
"""Of one byte a letter and of more, with lengths on both sides of what one byte can say."""


@given(
    st.lists(st.tuples(st.integers(0, len(IDS) - 1), st.floats(allow_nan=False)), max_size=300),
    st.sampled_from(["item-knn", "d" * 63]),
    st.integers(0, 2**62),
    st.integers(0, 2**62),
    st.booleans(),
)
def test_an_encoded_answer_reads_as_the_message(
    lines: list[tuple[int, float]], deployment: str, version: int, position: int, fallback: bool
) -> None:
    items, scores = [item for item, _ in lines], [score for _, score in lines]
    source = ("r-0123456789abcdef-7", deployment, version, position, fallback)
    answer = Recommended(*source, items, scores, Ranking.empty(), IDS)
    assert pb.RecommendResponse.FromString(encoded(answer, Lines(IDS))) == recommendation(answer)


def test_items_that_are_put_later_have_lines_too() -> None:
    ids = ["m1"]
    lines = Lines(ids)
    ids.append("m2")
    assert b"m2" in lines[1]


@given(st.integers(0, 2**63 - 1))
def test_a_varint_is_that_of_protobuf(value: int) -> None:
    assert pb.RecommendResponse.FromString(b"\x20" + varint(value)).log_position == value
