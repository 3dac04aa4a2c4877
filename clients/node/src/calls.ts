import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { DescMessage, DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { Client, Metadata } from "@grpc/grpc-js";
import type { CallOptions as GrpcOptions, ClientReadableStream } from "@grpc/grpc-js";

import { ResourceExhausted, endedBy, errorOf } from "./errors.js";

/** How one call is made. */
export interface CallOptions {
  /** Ends the call: `AbortSignal.timeout(500)` is a deadline and gives DeadlineExceeded, any other abort Cancelled. */
  signal?: AbortSignal | undefined;
  /** The milliseconds that the call may take; the server is told. Infinity for no limit. */
  timeoutMs?: number | undefined;
}

/** The RPCs of a service, as methods. */
export type ServiceCalls<S extends DescService> = {
  [K in keyof S["method"]]: S["method"][K] extends {
    methodKind: infer Kind;
    input: infer I extends DescMessage;
    output: infer O extends DescMessage;
  }
    ? Kind extends "unary"
      ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
      : Kind extends "server_streaming"
        ? (request: MessageInitShape<I>, options?: CallOptions) => AsyncIterableIterator<MessageShape<O>>
        : Kind extends "client_streaming"
          ? (requests: Iterable<MessageInitShape<I>> | AsyncIterable<MessageInitShape<I>>, options?: CallOptions) => Promise<MessageShape<O>>
          : (requests: Iterable<MessageInitShape<I>> | AsyncIterable<MessageInitShape<I>>, options?: CallOptions) => AsyncIterableIterator<MessageShape<O>>
    : never;
};

/** Makes calls on a channel. */
export class Caller {
  constructor(
    readonly channel: Client,
    private readonly token: string | undefined,
    private readonly timeoutMs: number,
    private readonly patient: boolean,
  ) {}

  /** All methods of a service. */
  service<S extends DescService>(service: S): ServiceCalls<S> {
    const methods = service.methods.map((method) => [method.localName, this.method(method)]);
    return Object.fromEntries(methods) as ServiceCalls<S>;
  }

  private method(method: DescMethod): unknown {
    switch (method.methodKind) {
      case "unary":
        return (request: object, options?: CallOptions) => this.unary(method, request, options);
      case "server_streaming":
        return (request: object, options?: CallOptions) => this.receive(method, request, options);
      case "client_streaming":
        return (requests: AsyncIterable<object>, options?: CallOptions) => this.send(method, requests, options);
      case "bidi_streaming":
        return (requests: AsyncIterable<object>, options?: CallOptions) => this.exchange(method, requests, options);
    }
  }

  /** One request, one answer. Where the server is full and says when to come back, it is asked again then. */
  private async unary(method: DescMethod, request: object, options: CallOptions = {}): Promise<unknown> {
    const end = Date.now() + (options.timeoutMs ?? this.timeoutMs);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(method, request, { ...options, timeoutMs: end - Date.now() });
      } catch (error) {
        const wait = error instanceof ResourceExhausted ? error.retryAfterMs : undefined;
        if (!this.patient || wait === undefined || attempt === 5 || Date.now() + wait >= end) throw error;
        await pause(wait, options.signal);
      }
    }
  }

  private once(method: DescMethod, request: object, options: CallOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (options.signal?.aborted) return reject(endedBy(options.signal));
      const { write, read } = codec(method);
      const call = this.channel.makeUnaryRequest(path(method), write, read, request, this.metadata(), this.deadline(options), (error, answer) => {
        release();
        if (error) reject(errorOf(error, options.signal));
        else resolve(answer);
      });
      const release = bound(call, options.signal);
    });
  }

  private async *receive(method: DescMethod, request: object, options: CallOptions = {}): AsyncIterableIterator<unknown> {
    if (options.signal?.aborted) throw endedBy(options.signal);
    const { write, read } = codec(method);
    const call = this.channel.makeServerStreamRequest(path(method), write, read, request, this.metadata(), this.deadline(options));
    yield* answers(call, options.signal);
  }

  private async send(method: DescMethod, requests: Iterable<object> | AsyncIterable<object>, options: CallOptions = {}): Promise<unknown> {
    if (options.signal?.aborted) throw endedBy(options.signal);
    const { write, read } = codec(method);
    let done: (error: unknown, answer?: unknown) => void = () => {};
    const answer = new Promise((resolve, reject) => (done = (error, value) => (error ? reject(error) : resolve(value))));
    const call = this.channel.makeClientStreamRequest(path(method), write, read, this.metadata(), this.deadline(options), (error, value) => done(error, value));
    const release = bound(call, options.signal);
    const pumped = pump(requests, call).catch((fault: unknown) => {
      call.cancel();
      throw fault;
    });
    try {
      const [value] = await Promise.all([answer, Promise.race([pumped, answer])]);
      return value;
    } catch (error) {
      throw error instanceof Error && !("code" in error) && !options.signal?.aborted ? error : errorOf(error, options.signal);
    } finally {
      answer.catch(() => {});
      pumped.catch(() => {});
      release();
    }
  }

  private async *exchange(method: DescMethod, requests: Iterable<object> | AsyncIterable<object>, options: CallOptions = {}): AsyncIterableIterator<unknown> {
    if (options.signal?.aborted) throw endedBy(options.signal);
    const { write, read } = codec(method);
    const call = this.channel.makeBidiStreamRequest(path(method), write, read, this.metadata(), this.deadline(options));
    pump(requests, call).catch((fault: unknown) => call.destroy(fault as Error));
    yield* answers(call, options.signal);
  }

  private metadata(): Metadata {
    const metadata = new Metadata();
    if (this.token) metadata.set("authorization", `Bearer ${this.token}`);
    return metadata;
  }

  private deadline(options: CallOptions): GrpcOptions {
    const timeoutMs = options.timeoutMs ?? this.timeoutMs;
    return Number.isFinite(timeoutMs) ? { deadline: Date.now() + timeoutMs } : {};
  }
}

async function* answers(call: ClientReadableStream<unknown>, signal?: AbortSignal): AsyncIterableIterator<unknown> {
  const release = bound(call, signal);
  try {
    for await (const message of call) yield message;
  } catch (error) {
    throw errorOf(error, signal);
  } finally {
    release();
    call.on("error", () => {}); // the cancellation of a call that nobody reads any more
    call.cancel();
  }
}

/** Lets the signal cancel the call; answers what takes the two apart again. */
function bound(call: { cancel(): void }, signal?: AbortSignal): () => void {
  const cancel = () => call.cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  return () => signal?.removeEventListener("abort", cancel);
}

/** Writes the requests no faster than they are taken. */
async function pump(requests: Iterable<object> | AsyncIterable<object>, call: { write(message: object): boolean; once(event: string, heard: () => void): unknown; end(): void }): Promise<void> {
  for await (const request of requests) {
    if (!call.write(request)) await new Promise<void>((resolve) => call.once("drain", resolve));
  }
  call.end();
}

async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(endedBy(signal as AbortSignal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

function path(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function codec(method: DescMethod) {
  return {
    write: (request: object) => Buffer.from(toBinary(method.input, create(method.input, request as never))),
    read: (bytes: Uint8Array) => fromBinary(method.output, bytes),
  };
}
