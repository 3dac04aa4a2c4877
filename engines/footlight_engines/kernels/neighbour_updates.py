"""Carries events into the neighbour table, in time proportional to the history of the person concerned."""

from __future__ import annotations

from math import inf, sqrt

from footlight_engines.kernels.compiling import kernel, part
from footlight_engines.kernels.interactions import (
    NOT_POSTED,
    Columns,
    Interactions,
    erase_row,
    has_room,
    record,
    set_weight,
)
from footlight_engines.kernels.neighbour_gains import (
    look_cost,
    mark_people,
    note_gain,
    note_or_absorb,
    overlap_with,
    unmark_people,
)
from footlight_engines.kernels.neighbour_lists import drop_gain, list_item, place_of, raise_bound, stretch_bound
from footlight_engines.kernels.neighbour_rows import fill_row, meet_overlaps
from footlight_engines.kernels.neighbours import MARGIN, UP, Rule, Scratch, Table, cosine, current_bound
from footlight_engines.kernels.popular_overlaps import carry_popular, is_known, known_overlap, take_popular

OWN = 1 / 8
"""An event may raise the bound of its item's own row by so much of what is left to the k-th candidate. What gains more is
summed up; that are items with few people, so it costs little."""


@part()
def _lift(table: Table, scratch: Scratch, item: int, met: int, shrinkage: float) -> None:
    """List an item whose overlaps were gathered in all rows whose bound it exceeds now that its norm has fallen."""
    root, roots, bounds, slack, then = table.root[item], table.root, table.bound, table.slack[0], table.slack_then
    for n in range(met):  # a call with a record of arrays costs more than a look, so there is none before one is needed
        row = scratch.touched[n]
        overlap = scratch.cell[row, 1]
        if row == item or overlap <= 0 or table.complete[row]:
            continue
        score = cosine(overlap, roots[row], root, shrinkage)
        if score * MARGIN < bounds[row] * (slack / then[row]):
            continue
        if place_of(table.neighbour[row], table.length[row], item) < 0:
            list_item(table, row, item, overlap, shrinkage)


@part()
def _set_overlap(table: Table, row: int, other: int, overlap: int, shrinkage: float) -> None:
    """Let a row know its overlap with an item: among its candidates, or by the bound where that covers it."""
    at = place_of(table.neighbour[row], table.length[row], other)
    if at >= 0:
        table.overlap[row, at], table.read_at[row] = overlap, 0
    else:
        _cover_overlap(table, row, other, overlap, shrinkage)


@part()
def _cover_overlap(table: Table, row: int, other: int, overlap: int, shrinkage: float) -> None:
    """`_set_overlap` with an item that is not listed."""
    if table.complete[row]:
        if overlap != 0:
            list_item(table, row, other, overlap, shrinkage)
        return
    score = cosine(overlap, table.root[row], table.root[other], shrinkage)
    if overlap > 0 and score * MARGIN >= current_bound(table, row):
        list_item(table, row, other, overlap, shrinkage)
        return
    gained = place_of(table.gainer[row], table.gains[row], other)
    if gained >= 0:
        drop_gain(table, row, gained)


@part()
def _carry_exactly(x: Interactions, table: Table, scratch: Scratch, user: int, item: int, rule: Rule) -> int:
    """Sum up an item's overlaps, carry those with all that a person has met into their rows, and make its own row anew.

    Returns
    -------
    How many items were met, as `gather_overlaps` does.
    """
    met = meet_overlaps(x, table, scratch, item)
    cell, tick, start = scratch.cell, scratch.tick[0], x.person_start[user]
    for r in range(start, start + x.person_length[user]):
        other = x.item[r]
        if other != item and x.weight[r] != 0:
            overlap = cell[other, 1] if cell[other, 0] == tick else 0
            _set_overlap(table, other, item, overlap, rule.shrinkage)
    fill_row(table, scratch, item, met, rule.shrinkage)
    return met


@part()
def _change_norm(x: Interactions, table: Table, item: int, rule: Rule) -> float:
    """Follow an item's norm, which has changed in ``x``.

    With the overlaps from before the event, the bound of its own row holds for the new norm and the bounds of the other
    rows for the old one, until `_lift` or the slack have made up for a norm that fell.

    Returns
    -------
    By what the slack must grow.
    """
    old, new = table.root[item], sqrt(float(x.item_square[item]))
    table.root[item] = new
    table.changed_at[item] = table.tick[0]
    table.read_at[item] = 0
    if new == 0.0:  # nobody is left, so the item has no overlap with any other
        table.length[item], table.gains[item], table.complete[item] = 0, 0, True
    elif new < old:
        stretch_bound(table, item, old / new * UP)
        if x.item_length[item] > rule.rare:
            return float(old / new * UP * UP)
    elif rule.shrinkage == 0.0 and old > 0.0:  # all similarities of the row fall by the same factor
        stretch_bound(table, item, old / new)
    return 1.0


@part()
def _mark_listed(table: Table, scratch: Scratch, item: int) -> None:
    """Note where the candidates of an item's row stand, in cells of a new tick."""
    scratch.tick[0] += 1
    for n in range(table.length[item]):
        scratch.cell[table.neighbour[item, n], 0] = scratch.tick[0]
        scratch.place[table.neighbour[item, n]] = n


@part()
def _own_room(table: Table, item: int, rule: Rule) -> float:
    """By how much an event may raise the bound of its item's own row."""
    if table.complete[item]:
        return inf
    if table.length[item] < rule.k:
        return 0.0
    left = table.similarity[item, rule.k - 1] - current_bound(table, item)
    return float(left * OWN) if left > 0.0 else inf  # the row has to be rebuilt anyhow


@part(error_model="numpy")
def _find_wanted(
    x: Interactions, table: Table, scratch: Scratch, user: int, item: int, change: int, rule: Rule
) -> tuple[int, int]:
    """Put those items of a history into ``touched`` whose overlap with the item is to be summed up: where it is not kept,
    the bound and what is gained come near the k-th candidate of either row, and that row does not list the other.

    `_mark_listed` must have been called for the item.

    Returns
    -------
    How many there are, and what it costs to sum them up, in people that are gone through in order.
    """
    root, roots, slack, cell, tick = table.root[item], table.root, table.slack[0], scratch.cell, scratch.tick[0]
    own = _own_room(table, item, rule)
    wanted, cost, first = 0, 0, x.person_start[user]
    for r in range(first, first + x.person_length[user]):
        row, product = x.item[r], int(change) * int(x.weight[r])
        if row == item or product <= 0 or is_known(table, item, row):
            continue
        gain = product / (root * roots[row] + rule.shrinkage)
        is_wanted = gain > own and cell[row, 0] != tick
        if not is_wanted and not table.complete[row]:
            bound, kth = table.bound[row] * (slack / table.slack_then[row]), 0.0
            if table.length[row] >= rule.k:
                kth = table.similarity[row, rule.k - 1]
            near = kth == 0.0 or bound < kth <= bound + 2.0 * gain  # half the way is near: the k-th may fall
            is_wanted = near and place_of(table.neighbour[row], table.length[row], item) < 0
        if is_wanted:
            scratch.touched[wanted] = row
            wanted += 1
            cost += look_cost(x, item, row)
    return wanted, cost


@part()
def _sum_wanted(x: Interactions, table: Table, scratch: Scratch, item: int, wanted: int) -> None:
    """Sum up the overlaps of an item with the first items of ``touched``."""
    mark_people(x, scratch, item)
    for n in range(wanted):
        other = scratch.touched[n]
        scratch.summed[other, 0] = scratch.tick[0]
        scratch.summed[other, 1], _ = overlap_with(x, table, scratch, item, other, True)
    unmark_people(x, scratch, item)


@part()
def _carry(x: Interactions, table: Table, scratch: Scratch, user: int, item: int, change: int, rule: Rule) -> None:
    """Carry a changed weight into the overlaps of the item with the rest of the person's history, in both rows of each.

    `_mark_listed` must have been called for the item. Of some of the history the overlaps are kept, or `_sum_wanted` has
    them.
    """
    neighbour, overlap, length = table.neighbour, table.overlap, table.length
    read_at, items, weights, absorbed = table.read_at, x.item, x.weight, 0.0
    cell, place, summed, tick, left = (
        scratch.cell,
        scratch.place,
        scratch.summed,
        scratch.tick[0],
        x.item_length[item] > 0,
    )
    start = x.person_start[user]
    for r in range(start, start + x.person_length[user]):
        other, product = items[r], int(change) * int(weights[r])
        if other == item or product == 0:
            continue
        is_kept = is_known(table, item, other)
        if is_kept or summed[other, 0] == tick:
            exact = known_overlap(table, item, other) if is_kept else summed[other, 1]
            _set_overlap(table, other, item, exact, rule.shrinkage)
            at = place[other] if cell[other, 0] == tick else -1
            if at >= 0 and neighbour[item, at] == other:
                overlap[item, at] = exact
            else:
                _cover_overlap(table, item, other, exact, rule.shrinkage)
            continue
        at = place_of(neighbour[other], length[other], item)
        if at >= 0:
            overlap[other, at] += product
            read_at[other] = 0
        elif left and table.complete[other]:
            list_item(table, other, item, product, rule.shrinkage)  # they had nothing in common
        elif left and product > 0:
            note_gain(x, table, scratch, other, item, product, rule)
        at = place[other] if cell[other, 0] == tick else -1
        if at >= 0 and neighbour[item, at] == other:  # otherwise it has made way for another one meanwhile
            overlap[item, at] += product
        elif left and table.complete[item]:
            list_item(table, item, other, product, rule.shrinkage)
        elif left and product > 0:
            absorbed = max(absorbed, note_or_absorb(x, table, scratch, item, other, product, rule))
    if absorbed > 0.0:
        raise_bound(table, item, absorbed)


@part()
def _is_dearer(x: Interactions, item: int, cost: int) -> bool:
    """Whether so many people that are gone through in order cost more than all overlaps of an item."""
    products, first = 0, x.item_start[item]
    for p in range(first, first + x.item_length[item]):
        products += x.person_length[x.person[p]]
        if products > cost:
            return False
    return True


@part()
def change_weight(
    x: Interactions, table: Table, scratch: Scratch, user: int, item: int, change: int, rule: Rule
) -> int:
    """Follow a weight of a person and an item that has changed by ``change`` in ``x``.

    An item with few people has all its overlaps summed up. Without that, what it gains would have to be looked at in most
    rows: one more person is much for it.

    Returns
    -------
    How many entries were touched.
    """
    table.tick[0] += 1
    old, people = table.root[item], x.item_length[item]
    table.slack[0] *= _change_norm(x, table, item, rule)
    carry_popular(x, table, user, item, change)
    touched, wanted, exactly = 2 * x.person_length[user] - 1, 0, 0 < people <= rule.scarce
    if not exactly:
        _mark_listed(table, scratch, item)
        if people > 0:
            wanted, cost = _find_wanted(x, table, scratch, user, item, change, rule)
            exactly = wanted > 0 and _is_dearer(x, item, cost)
    if not exactly:
        if wanted > 0:
            _sum_wanted(x, table, scratch, item, wanted)
        _carry(x, table, scratch, user, item, change, rule)
        return int(touched)
    met = _carry_exactly(x, table, scratch, user, item, rule)
    if table.root[item] < old and people <= rule.rare:
        _lift(table, scratch, item, met, rule.shrinkage)
        touched += met
    return int(touched)


@kernel(allocates=False)
def follow(x: Interactions, table: Table, scratch: Scratch, events: Columns, first: int, rule: Rule) -> tuple[int, int]:
    """Record events from the first on until a pool is full, and carry them into the table.

    Returns
    -------
    The first event that was not recorded (n when all were) and how many entries were touched.
    """
    touched = 0
    for n in range(first, len(events.user)):
        user, item, weight = events.user[n], events.item[n], int(events.weight[n])
        if not has_room(x, user, item):
            return n, touched
        touched += 1
        holds, old = record(x, user, item, weight, events.retracted[n], events.time[n], events.tie[n])
        if holds and weight != old:
            touched += change_weight(x, table, scratch, user, item, weight - old, rule)
    return len(events.user), touched


@part()
def _take_weights(x: Interactions, scratch: Scratch, user: int) -> bool:
    """Set all weights of a person to 0, and keep them with the tick in the cells; return whether there are any below 0."""
    scratch.tick[0] += 1
    lowest, first = 0, x.person_start[user]
    for at in range(first, first + x.person_length[user]):
        item, weight = x.item[at], int(x.weight[at])
        scratch.cell[item, 0], scratch.cell[item, 1] = scratch.tick[0], weight
        lowest = min(lowest, weight)
        if weight != 0:
            set_weight(x, user, at, 0, NOT_POSTED)
    return lowest < 0


@part()
def _lower_overlaps(x: Interactions, table: Table, scratch: Scratch, user: int, tick: int) -> int:
    """Take a person's weights, which the cells hold, out of the overlaps of candidates; return how many there were."""
    cell, touched, first = scratch.cell, 0, x.person_start[user]
    for at in range(first, first + x.person_length[user]):
        row = x.item[at]
        weight = cell[row, 1]
        for n in range(table.length[row] if weight != 0 else 0):
            other = table.neighbour[row, n]
            if cell[other, 0] == tick:
                table.overlap[row, n] -= weight * cell[other, 1]
        touched += table.length[row]
    return touched


@part()
def _follow_risen(x: Interactions, table: Table, scratch: Scratch, user: int, rule: Rule) -> None:
    """Follow the overlaps that rise when weights of both signs go, with items that are not listed."""
    rows = range(x.person_start[user], x.person_start[user] + x.person_length[user])
    for at in rows:
        row = x.item[at]
        weight = scratch.cell[row, 1]
        for r in rows:
            other = x.item[r]
            risen = -weight * scratch.cell[other, 1]
            if risen <= 0 or other == row or place_of(table.neighbour[row], table.length[row], other) >= 0:
                continue
            if table.complete[row]:
                list_item(table, row, other, risen, rule.shrinkage)  # they had nothing in common
            else:
                note_gain(x, table, scratch, row, other, risen, rule)


@kernel(allocates=False)
def forget(x: Interactions, table: Table, scratch: Scratch, user: int, rule: Rule) -> int:
    """Take a person out of the preferences and the table; return how many entries were touched.

    The bounds hold for the old norms until all overlaps are right. An item that is not listed in a row has its own norm
    fall and the row's, so the slack grows by the largest of the factors, not by all of them.
    """
    table.tick[0] += 1
    signs = _take_weights(x, scratch, user)
    take_popular(x, table, scratch, user)
    touched, slack = _lower_overlaps(x, table, scratch, user, scratch.tick[0]), 1.0
    if signs:
        _follow_risen(x, table, scratch, user, rule)
    rows = range(x.person_start[user], x.person_start[user] + x.person_length[user])
    for at in rows:
        if scratch.cell[x.item[at], 1] != 0:
            slack = max(slack, _change_norm(x, table, x.item[at], rule))
    table.slack[0] *= slack
    for at in rows:
        item = x.item[at]
        if table.changed_at[item] == table.tick[0] and 0 < x.item_length[item] <= rule.rare:
            met = meet_overlaps(x, table, scratch, item)
            _lift(table, scratch, item, met, rule.shrinkage)
            touched += met
    touched += x.person_length[user]
    erase_row(x, user)
    return int(touched)
