import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import type { Any } from "@bufbuild/protobuf/wkt";
import { status as Status } from "@grpc/grpc-js";
import type { Metadata, ServiceError } from "@grpc/grpc-js";

import { BadRequestSchema, ErrorInfoSchema, ResourceInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "./gen/google/rpc/status_pb.js";

/** What an error knows beside its message. */
export interface ErrorFacts {
  /** The gRPC status, such as "NOT_FOUND". */
  code: string;
  /** What went wrong, for programs, in UPPER_SNAKE; empty where the server gave none. */
  reason: string;
  /** The field of the request that is wrong, such as "events[3].value"; empty where it is none. */
  field: string;
  /** Further facts by name. */
  metadata: Record<string, string>;
  /** After how many milliseconds to try again; undefined where the server did not say. */
  retryAfterMs?: number | undefined;
  /** What led to it: the error of gRPC, or the reason of an AbortSignal. */
  cause?: unknown;
}

/** Any error that a server answered, or that kept it from answering. */
export class FootlightError extends Error implements ErrorFacts {
  readonly code: string;
  readonly reason: string;
  readonly field: string;
  readonly metadata: Record<string, string>;
  readonly retryAfterMs?: number | undefined;

  constructor(message: string, facts: Partial<ErrorFacts> = {}) {
    super(message, "cause" in facts ? { cause: facts.cause } : undefined);
    this.name = new.target.name;
    this.code = facts.code ?? "";
    this.reason = facts.reason ?? "";
    this.field = facts.field ?? "";
    this.metadata = facts.metadata ?? {};
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** A field of the request is wrong; `field` names it and nothing was written. */
export class InvalidArgument extends FootlightError {}
/** There is no such thing: `metadata.resource` and `metadata.name` say which. */
export class NotFound extends FootlightError {}
/** The name or id is taken. */
export class AlreadyExists extends FootlightError {}
/** The request is right, but not in the state that the server is in. */
export class FailedPrecondition extends FootlightError {}
/** The server is full, or a message is too large. `retryAfterMs` says when to try again. */
export class ResourceExhausted extends FootlightError {}
/** No server answers at the address, or it is starting or stopping. */
export class Unavailable extends FootlightError {}
/** The answer did not come in time. Whether the call had an effect is not known. */
export class DeadlineExceeded extends FootlightError {}
/** The call was cancelled. */
export class Cancelled extends FootlightError {}
/** The token is missing or wrong. */
export class Unauthenticated extends FootlightError {}
/** The token does not allow it. */
export class PermissionDenied extends FootlightError {}
/** The server does not know the call: it is older than this client, or no Footlight server. */
export class Unimplemented extends FootlightError {}
/** A fault of the server, `metadata.error_id` is in its log; or an answer that cannot be read. */
export class InternalError extends FootlightError {}
/** A training failed or was cancelled. */
export class TrainingFailed extends FootlightError {}

const BY_CODE: Record<string, typeof FootlightError> = {
  INVALID_ARGUMENT: InvalidArgument,
  OUT_OF_RANGE: InvalidArgument,
  NOT_FOUND: NotFound,
  ALREADY_EXISTS: AlreadyExists,
  FAILED_PRECONDITION: FailedPrecondition,
  RESOURCE_EXHAUSTED: ResourceExhausted,
  UNAVAILABLE: Unavailable,
  DEADLINE_EXCEEDED: DeadlineExceeded,
  CANCELLED: Cancelled,
  UNAUTHENTICATED: Unauthenticated,
  PERMISSION_DENIED: PermissionDenied,
  UNIMPLEMENTED: Unimplemented,
  INTERNAL: InternalError,
  UNKNOWN: InternalError,
  DATA_LOSS: InternalError,
};

/** The error for what gRPC says, or for the signal that ended the call. */
export function errorOf(fault: unknown, signal?: AbortSignal): FootlightError {
  if (fault instanceof FootlightError) return fault;
  if (signal?.aborted) return endedBy(signal);
  const told = fault as Partial<ServiceError>;
  const code = typeof told.code === "number" ? (Status[told.code] ?? "UNKNOWN") : "INTERNAL";
  const kind = BY_CODE[code] ?? FootlightError;
  const message = told.details || told.message || code.replaceAll("_", " ").toLowerCase();
  return new kind(message, { code, ...details(told.metadata), cause: fault });
}

/** The error of a call that its AbortSignal ended. */
export function endedBy(signal: AbortSignal): FootlightError {
  const late = (signal.reason as Error | undefined)?.name === "TimeoutError";
  return late
    ? new DeadlineExceeded("the answer did not come before the signal's time was up", { code: "DEADLINE_EXCEEDED", cause: signal.reason })
    : new Cancelled("the call was cancelled", { code: "CANCELLED", cause: signal.reason });
}

type Found = { reason?: string; field?: string; retryAfterMs?: number; metadata: Record<string, string> };

function details(trailing?: Metadata): Partial<ErrorFacts> {
  const found: Found = { metadata: {} };
  for (const detail of packed(trailing)) {
    try {
      read(detail, found);
    } catch {
      // one that cannot be read tells nothing
    }
  }
  return found;
}

function read(detail: Any, found: Found): void {
  const info = anyUnpack(detail, ErrorInfoSchema);
  if (info) {
    found.reason = info.reason;
    Object.assign(found.metadata, info.metadata);
    found.field ??= info.metadata["field"];
  }
  const bad = anyUnpack(detail, BadRequestSchema);
  if (bad) found.field = bad.fieldViolations[0]?.field ?? "";
  const retry = anyUnpack(detail, RetryInfoSchema)?.retryDelay;
  if (retry) found.retryAfterMs = Number(retry.seconds) * 1000 + retry.nanos / 1e6;
  const resource = anyUnpack(detail, ResourceInfoSchema);
  if (resource) Object.assign(found.metadata, { resource: resource.resourceType, name: resource.resourceName });
}

function packed(trailing?: Metadata) {
  const [bytes] = trailing?.get("grpc-status-details-bin") ?? [];
  try {
    return bytes instanceof Uint8Array ? fromBinary(StatusSchema, bytes).details : [];
  } catch {
    return []; // details that cannot be read tell nothing; the code and the message still do
  }
}
