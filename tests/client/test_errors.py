"""Statuses of the wire become exceptions that name the field, the thing or the time to wait."""

from __future__ import annotations

import pickle
import socket
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo

import footlight
from footlight import Client, Event, EventKind

CODES = [
    (grpc.StatusCode.INVALID_ARGUMENT, footlight.InvalidArgument),
    (grpc.StatusCode.NOT_FOUND, footlight.NotFound),
    (grpc.StatusCode.ALREADY_EXISTS, footlight.AlreadyExists),
    (grpc.StatusCode.FAILED_PRECONDITION, footlight.FailedPrecondition),
    (grpc.StatusCode.RESOURCE_EXHAUSTED, footlight.ResourceExhausted),
    (grpc.StatusCode.DEADLINE_EXCEEDED, footlight.DeadlineExceeded),
    (grpc.StatusCode.UNAUTHENTICATED, footlight.Unauthenticated),
    (grpc.StatusCode.PERMISSION_DENIED, footlight.PermissionDenied),
    (grpc.StatusCode.UNIMPLEMENTED, footlight.Unimplemented),
    (grpc.StatusCode.INTERNAL, footlight.InternalError),
    (grpc.StatusCode.DATA_LOSS, footlight.InternalError),
    (grpc.StatusCode.ABORTED, footlight.FootlightError),
]


@pytest.mark.parametrize(("code", "kind"), CODES)
def test_each_status_becomes_its_exception(
    code: grpc.StatusCode, kind: type[Exception], client: Client, double: Any, fault: Any
) -> None:
    double.fail("GetItem", fault(code))
    with pytest.raises(footlight.FootlightError) as caught:
        client.get_item("m1")
    assert type(caught.value) is kind and caught.value.code == code.name


def test_a_cancelled_call_is_told_when_it_must_not_be_tried_again(client: Client, double: Any, fault: Any) -> None:
    double.fail("StartTraining", fault(grpc.StatusCode.CANCELLED))
    with pytest.raises(footlight.Cancelled):
        client.start_training("gan")


def test_unknown_things_are_named(client: Client) -> None:
    with pytest.raises(footlight.NotFound, match="no item named 'm9'") as caught:
        client.get_item("m9")
    assert (caught.value.resource, caught.value.name, caught.value.reason) == ("item", "m9", "NOT_FOUND")


def test_wrong_fields_are_named(client: Client, double: Any, fault: Any) -> None:
    violation = BadRequest.FieldViolation(field="user_id", description="expected 1 to 256 bytes")
    double.fail(
        "ForgetUser", fault(grpc.StatusCode.INVALID_ARGUMENT, "wrong", BadRequest(field_violations=[violation]))
    )
    with pytest.raises(footlight.InvalidArgument, match="user_id: wrong") as caught:
        client.forget_user("")
    assert caught.value.field == "user_id"


def test_a_full_server_says_when_to_come_back(client: Client, double: Any, fault: Any) -> None:
    full = fault(
        grpc.StatusCode.RESOURCE_EXHAUSTED, "full", RetryInfo(retry_delay=Duration(seconds=1, nanos=500_000_000))
    )
    double.fail("Recommend", full)
    with pytest.raises(footlight.ResourceExhausted) as caught:
        client.recommend("ada", timeout=1.4)  # the answer would come too late, so nothing is asked again
    assert caught.value.retry_after == 1.5
    assert double.notes.calls.count("Recommend") == 1


def test_a_full_server_is_asked_again_when_it_says_so(client: Client, double: Any, fault: Any) -> None:
    soon = RetryInfo(retry_delay=Duration(nanos=1_000_000))
    double.fail("Recommend", fault(grpc.StatusCode.RESOURCE_EXHAUSTED, "full", soon), times=4)
    client.recommend("ada")
    assert double.notes.calls.count("Recommend") == 5


def test_a_server_that_stays_full_is_not_asked_for_ever(client: Client, double: Any, fault: Any) -> None:
    soon = RetryInfo(retry_delay=Duration(nanos=1_000_000))
    double.fail("Recommend", fault(grpc.StatusCode.RESOURCE_EXHAUSTED, "full", soon), times=5)
    with pytest.raises(footlight.ResourceExhausted):
        client.recommend("ada")


def test_internal_errors_carry_their_id(client: Client, double: Any, fault: Any) -> None:
    double.fail("Recommend", fault(grpc.StatusCode.INTERNAL, "fault", ErrorInfo(metadata={"error_id": "e7"})))
    with pytest.raises(footlight.InternalError) as caught:
        client.recommend("ada")
    assert caught.value.error_id == "e7"


def test_the_field_counts_from_the_first_event_given(client: Client) -> None:
    events = [Event("ada", "m1", EventKind.RATING, value=1.0)] * 5_007 + [Event("ada", "m1", EventKind.RATING, 1e6)]
    with pytest.raises(footlight.InvalidArgument) as caught:
        client.record_events(events)
    assert caught.value.field == "events[5007].value" and "5000 events before" in caught.value.__notes__[0]


def test_no_server_at_the_address_is_unavailable() -> None:
    with Client("127.0.0.1:1") as client, pytest.raises(footlight.Unavailable):
        client.engines()


def test_an_answer_that_never_comes_is_a_deadline_exceeded() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = Client(f"127.0.0.1:{silent.getsockname()[1]}", timeout=0.1)
        with client, pytest.raises(footlight.DeadlineExceeded):
            client.engines()


def test_every_error_survives_pickling() -> None:
    error = footlight.NotFound("no item", code="NOT_FOUND", metadata={"resource": "item", "name": "m1"})
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), back.name, str(back)) == (footlight.NotFound, "m1", "no item")


def test_failed_trainings_survive_pickling(client: Client) -> None:
    training = client.cancel_training("t1")
    back = pickle.loads(pickle.dumps(footlight.TrainingFailed(training)))
    assert back.training == training and "was cancelled" in str(back)
