"""The catalogue: what was put can be read, ordinals stay, deletion hides."""

from __future__ import annotations

import pytest

from footlight_server.errors import InvalidArgument, NotFound
from footlight_server.log import Catalogue, Database, Item, Writer


async def test_put_item_is_read_back(catalogue: Catalogue) -> None:
    item = Item("dune", "沙丘", "film", ("sci-fi", "desert"), {"year": 1984.0, "cast": ["Kyle"]})
    await catalogue.put([item])
    read = catalogue.get("dune")
    assert (read.title, read.kind, read.tags, read.attributes) == (item.title, item.kind, item.tags, item.attributes)


async def test_put_counts_new_and_replaced_items(catalogue: Catalogue) -> None:
    assert await catalogue.put([Item("alien", "Alien 2"), Item("dune")]) == (1, 1)


async def test_replaced_item_keeps_ordinal_and_first_time(catalogue: Catalogue) -> None:
    before = catalogue.get("brazil")
    await catalogue.put([Item("brazil", "Brazil, director's cut")])
    after = catalogue.get("brazil")
    assert catalogue.ordinal("brazil") == 1 and after.create_time == before.create_time
    assert after.title == "Brazil, director's cut" and after.update_time > before.update_time


async def test_ordinals_count_in_the_order_of_putting(catalogue: Catalogue) -> None:
    assert [catalogue.ordinal(name) for name in ("alien", "brazil", "casablanca", "dune")] == [0, 1, 2, None]
    assert catalogue.ids == ["alien", "brazil", "casablanca"]


async def test_deleted_item_is_gone_from_every_answer(catalogue: Catalogue) -> None:
    await catalogue.delete("brazil")
    items, _ = catalogue.list()
    assert catalogue.ordinal("brazil") is None and catalogue.count == 2
    assert catalogue.servable.tolist() == [True, False, True]
    assert [item.item_id for item in items] == ["alien", "casablanca"]


async def test_deleted_item_cannot_be_read_or_deleted(catalogue: Catalogue) -> None:
    await catalogue.delete("brazil")
    with pytest.raises(NotFound, match="no item named 'brazil'"):
        catalogue.get("brazil")
    with pytest.raises(NotFound):
        await catalogue.delete("brazil")


async def test_item_put_again_is_revived_under_its_ordinal(catalogue: Catalogue) -> None:
    await catalogue.delete("brazil")
    assert await catalogue.put([Item("brazil", "Brazil")]) == (1, 0)
    assert catalogue.ordinal("brazil") == 1 and catalogue.servable.all()


async def test_servable_array_is_replaced_and_never_changed(catalogue: Catalogue) -> None:
    before = catalogue.servable
    await catalogue.delete("alien")
    await catalogue.put([Item("dune")])
    assert before.tolist() == [True, True, True]


async def test_catalogue_is_the_same_after_a_restart(catalogue: Catalogue, database: Database, writer: Writer) -> None:
    await catalogue.delete("alien")
    again = Catalogue(database, writer, "default")
    assert again.ids == catalogue.ids and again.servable.tolist() == [False, True, True]
    assert again.ordinal("alien") is None and again.ordinal("casablanca") == 2


async def test_tenants_do_not_see_each_other(catalogue: Catalogue, database: Database, writer: Writer) -> None:
    other = Catalogue(database, writer, "other")
    await other.put([Item("alien", "somebody else's")])
    assert other.count == 1 and catalogue.get("alien").title == "Alien"


async def test_batch_answers_in_the_order_asked(catalogue: Catalogue) -> None:
    asked = ["casablanca", "alien", "casablanca"]
    assert [item.item_id for item in catalogue.batch_get(asked)] == asked


async def test_batch_names_the_first_unknown_item(catalogue: Catalogue) -> None:
    with pytest.raises(NotFound, match="'nope'"):
        catalogue.batch_get(["alien", "nope", "neither"])


async def test_pages_hold_every_item_once(catalogue: Catalogue) -> None:
    first, token = catalogue.list(page_size=2)
    second, end = catalogue.list(page_size=2, page_token=token)
    assert [i.item_id for i in first + second] == ["alien", "brazil", "casablanca"] and not end


@pytest.mark.parametrize("token", ["x", "WzFd!", "WyJhIl0", "W10", "WzEsMl0", "e30", "WzFlOTk5XQ", "é"])
async def test_page_token_of_nobody_is_refused(catalogue: Catalogue, token: str) -> None:
    with pytest.raises(InvalidArgument, match="page_token"):
        catalogue.list(page_token=token)


@pytest.mark.parametrize("size", [-1, 1001])
async def test_page_size_out_of_range_is_refused(catalogue: Catalogue, size: int) -> None:
    with pytest.raises(InvalidArgument, match="page_size"):
        catalogue.list(page_size=size)


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (Item(""), "items[1].item_id"),
        (Item("é" * 129), "items[1].item_id"),
        (Item("a\nb"), "items[1].item_id"),
        (Item("\ud800"), "items[1].item_id"),
        (Item("x", title="t" * 1025), "items[1].title"),
        (Item("x", title="a\0b"), "items[1].title"),
        (Item("x", kind="k" * 65), "items[1].kind"),
        (Item("x", tags=("",)), "items[1].tags[0]"),
        (Item("x", tags=("ok", "t" * 65)), "items[1].tags[1]"),
        (Item("x", tags=("a", "b", "a")), "items[1].tags[2]"),
        (Item("x", tags=tuple(map(str, range(65)))), "items[1].tags"),
        (Item("x", attributes={"a": float("nan")}), "items[1].attributes"),
        (Item("x", attributes={"a": "x" * 16_400}), "items[1].attributes"),
        (Item("ok"), "items[1].item_id"),
    ],
)
async def test_malformed_item_is_refused_and_nothing_written(catalogue: Catalogue, item: Item, field: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        await catalogue.put([Item("ok"), item])
    assert raised.value.field == field and catalogue.ordinal("ok") is None


@pytest.mark.parametrize("count", [0, 10_001])
async def test_put_takes_one_to_ten_thousand_items(catalogue: Catalogue, count: int) -> None:
    with pytest.raises(InvalidArgument, match="items: must have 1 to 10,000"):
        await catalogue.put([Item(str(i)) for i in range(count)])


@pytest.mark.parametrize("name", ["x" * 256, "é" * 128, "日" * 85, "a b\u00a0c", "👩‍🚀"])
async def test_ids_up_to_256_bytes_are_taken(catalogue: Catalogue, name: str) -> None:
    await catalogue.put([Item(name)])
    assert catalogue.get(name).item_id == name
