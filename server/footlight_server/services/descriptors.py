"""The services of the wire, as protobuf describes them."""

from __future__ import annotations

from footlight.v1 import assistant_pb2, catalog_pb2, engine_pb2, generation_pb2, interaction_pb2, recommendation_pb2

DESCRIPTORS = tuple(
    descriptor
    for file in (catalog_pb2, recommendation_pb2, generation_pb2, interaction_pb2, engine_pb2, assistant_pb2)
    for descriptor in file.DESCRIPTOR.services_by_name.values()
)
SERVICES = tuple(descriptor.full_name for descriptor in DESCRIPTORS)
