"""Says what is wrong with a body: the field by its path, and what was expected, in place of what protobuf's parser says."""

from __future__ import annotations

import re
from collections.abc import Callable

import grpc
from google.protobuf import any_pb2
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from footlight_server.web.connect import DETAILS, Refused

_UNKNOWN = re.compile(r'no field named "(?P<field>[^"]*)" at "\w+\.?(?P<at>[^"]*)"\.\s*(?P<known>[^:]*: .*)', re.DOTALL)
_FAILED = re.compile(r"Failed to parse (?P<field>\w+) field: (?P<why>.*)", re.DOTALL)
_PLACED = re.compile(r'(?P<why>.*) at "?\w+\.(?P<at>[\w.\[\]]+?)"?\.*', re.DOTALL)
_LONGEST = 400
"""At most so many characters of what the parser says are passed on."""


def unread(why: str) -> Refused:
    """The refusal of what is no JSON of its message, under the path of the field where the parser tells it."""
    if found := _UNKNOWN.search(why):
        known = ", ".join(re.findall(r"'(\w+)'", found["known"]))
        whole = ".".join(part for part in (found["at"], found["field"]) if part)
        return refusal(whole, f"there is no such field; there is {known}")
    path: list[str] = []
    while found := _FAILED.fullmatch(why):
        path.append(found["field"])
        why = found["why"]
    if found := _PLACED.fullmatch(why):  # it knows the places in lists as well, but not always the last field
        places, why = found["at"].split("."), found["why"]
        path = places + path[len(places) :]
    return refusal(".".join(path), _plain(why.rstrip(".")))


def refusal(field: str, why: str) -> Refused:
    """INVALID_ARGUMENT, in the words and the details of all services; without a field where it is about the whole body."""
    why = why if len(why) <= _LONGEST else why[:_LONGEST] + " ..."
    info = error_details_pb2.ErrorInfo(reason="INVALID_ARGUMENT", domain="footlight")
    status = status_pb2.Status(code=code_pb2.INVALID_ARGUMENT)
    details: list[Message] = [info]
    if field:
        info.metadata["field"] = field
        violation = error_details_pb2.BadRequest.FieldViolation(field=field, description=why)
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    message = f"{field}: {why}" if field else why
    return Refused(grpc.StatusCode.INVALID_ARGUMENT, message, ((DETAILS, status.SerializeToString()),))


def _plain(why: str) -> str:
    for pattern, say in _SAID:
        if found := pattern.fullmatch(why):
            return say(found)
    return why


def _one_of(found: re.Match[str]) -> str:
    values = Default().FindEnumTypeByName(found["enum"]).values
    known = ", ".join(value.name for value in values if value.number or len(values) == 1)
    return f"must be one of {known}, not {found['value']}"


_SAID: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(pattern, re.DOTALL), say)
    for pattern, say in (
        (r"expected string or bytes-like object, got '\w+'", lambda _: "must be text"),
        (r"'\w+' object is not iterable", lambda _: "must be an object"),
        (r"Couldn't parse float: (.*)", lambda found: f"must be a number, not {found[1]}"),
        (r"Couldn't parse integer: (.*)", lambda found: f"must be a whole number, not {found[1]}"),
        (r"invalid literal for int\(\) with base 10: (.*)", lambda found: f"must be a whole number, not {found[1]}"),
        (r"Value out of range: (.*)", lambda found: f"is out of range: {found[1]}"),
        (r"Expected true or false without quotes", lambda _: "must be true or false, without quotes"),
        (r"repeated field \w+ must be in \[\] which is (.*)", lambda found: f"must be a list, not {found[1]}"),
        (r"Struct must be in a dict which is (.*)", lambda found: f"must be an object, not {found[1]}"),
        (r"Failed to parse timestamp: .*|Timestamp JSON value not a string: .*", lambda _: "must be a time, such as "
         '"2026-01-31T12:00:00Z"'),
        (r"Invalid enum value (?P<value>.*) for enum type (?P<enum>[\w.]+)", _one_of),
        (r"Failed to load JSON: (?:Failed to load JSON: )?(.*)", lambda found: f"the body is no JSON: {found[1]}"),
    )
)  # fmt: skip
