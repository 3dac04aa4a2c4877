"""How alike items are, by labels and by neighbours."""

from __future__ import annotations

import numpy as np

from footlight_server.dispatch.likeness import likeness_of_labels, likeness_of_neighbours


def test_labels_are_compared_by_their_cosine() -> None:
    likeness = likeness_of_labels([[1, 2], [2, 3], [4], []])
    assert likeness is not None
    expected = [[1, 0.5, 0, 0], [0.5, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert np.allclose(likeness, np.array(expected))


def test_items_without_labels_cannot_be_compared() -> None:
    assert likeness_of_labels([[], []]) is None and likeness_of_neighbours([([], []), ([], [])]) is None


def test_neighbours_are_alike_in_both_directions() -> None:
    likeness = likeness_of_neighbours([([1], [4.0]), ([], []), ([0], [2.0])])
    assert likeness is not None and likeness.tolist() == [[0, 1, 0.5], [1, 0, 0], [0.5, 0, 0]]
