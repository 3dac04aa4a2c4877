"""A server in memory, for the tests of programs that call Footlight.

    with FakeServer() as server, footlight.Client(server.address) as client:
        client.put_items([footlight.Item("m1")])
        my_program(client)
        assert server.events[0].item_id == "m1"

It speaks gRPC on a free port of this machine, so that a program is tested with its own client and its own errors. It keeps
items, events, agents and rewards as a server does, recommends what is popular, acts at random and makes small grey
pictures: the same for the same seed. What it does not know it answers with Unimplemented. It learns nothing and stores
nothing.
"""

from __future__ import annotations

from footlight.testing.server import FakeServer

__all__ = ["FakeServer"]
