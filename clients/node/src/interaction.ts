import type { MessageInitShape, MessageShape } from "@bufbuild/protobuf";

import { InternalError, Unavailable } from "./errors.js";
import type {
  ActRequestSchema,
  ActResponse,
  EndSessionRequestSchema,
  EndSessionResponse,
  InteractRequestSchema,
  InteractResponse,
  InteractResponseSchema,
  RewardRequestSchema,
  RewardResponse,
} from "./gen/footlight/v1/interaction_pb.js";

type Request = MessageInitShape<typeof InteractRequestSchema>;
type Kind = Exclude<InteractResponse["kind"], { case: undefined }>;
type Step = Exclude<MessageInitShape<typeof ActRequestSchema>, { $typeName: unknown }>;
type End = Exclude<MessageInitShape<typeof EndSessionRequestSchema>, { $typeName: unknown }>;
/** Opens the stream; the signal ends it. */
export type Open = (requests: AsyncIterable<Request>, signal: AbortSignal) => AsyncIterableIterator<MessageShape<typeof InteractResponseSchema>>;

/** Sessions of one agent on one stream: one message each way a step. An error ends it; what was answered before holds. */
export class Interaction {
  private readonly answers: AsyncIterableIterator<InteractResponse>;
  private readonly waiting: Request[] = [];
  private wake: () => void = () => {};
  private closed = false;
  private readonly ending = new AbortController();

  constructor(
    open: Open,
    private readonly agentId: string,
    private readonly timeoutMs: number,
    signal?: AbortSignal,
  ) {
    if (signal?.aborted) this.ending.abort(signal.reason);
    signal?.addEventListener("abort", () => this.ending.abort(signal.reason), { once: true });
    this.answers = open(this.requests(), this.ending.signal);
  }

  /** Tells the outcome of the session's decision before, and decides the next one. */
  async act(step: Step): Promise<ActResponse> {
    return this.ask("act", { kind: { case: "act", value: { agentId: this.agentId, ...step } } });
  }

  /** Adds rewards to decisions. */
  async reward(rewards: Exclude<MessageInitShape<typeof RewardRequestSchema>, { $typeName: unknown }>["rewards"]): Promise<RewardResponse> {
    return this.ask("reward", { kind: { case: "reward", value: { rewards } } });
  }

  /** Ends a session. */
  async end(end: End): Promise<EndSessionResponse> {
    return this.ask("end", { kind: { case: "end", value: { agentId: this.agentId, ...end } } });
  }

  /** Ends the stream; its sessions go on. */
  async close(): Promise<void> {
    this.closed = true;
    this.wake();
    await this.answers.return?.();
  }

  private async ask<C extends Kind["case"]>(kind: C, request: Request): Promise<Extract<Kind, { case: C }>["value"]> {
    this.waiting.push(request);
    this.wake();
    const late = () => this.ending.abort(new DOMException(`no answer came within ${this.timeoutMs} ms`, "TimeoutError"));
    const timer = Number.isFinite(this.timeoutMs) ? setTimeout(late, this.timeoutMs) : undefined;
    const { value, done } = await this.answers.next().finally(() => clearTimeout(timer));
    if (done) throw new Unavailable("the server ended the stream", { code: "UNAVAILABLE" });
    if (value.kind.case !== kind) throw new InternalError("the server answered something else than was asked", { code: "INTERNAL" });
    return value.kind.value as never;
  }

  private async *requests(): AsyncIterableIterator<Request> {
    while (!this.closed) {
      const next = this.waiting.shift();
      if (next) yield next;
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }
}
