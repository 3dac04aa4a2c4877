import { randomUUID } from "node:crypto";

import type { MessageInitShape } from "@bufbuild/protobuf";
import { Client } from "@grpc/grpc-js";

import { assembled, saveAsset, uploadOf } from "./assets.js";
import type { Asset, CorpusSource, Rights } from "./assets.js";
import { Caller } from "./calls.js";
import type { CallOptions, ServiceCalls } from "./calls.js";
import { DEFAULT_ADDRESS, DEFAULT_RETRY_MS, DEFAULT_TIMEOUT_MS, TRANSFER_TIMEOUT_MS, channelOptions, credentialsOf, targetOf, tokenOf } from "./connection.js";
import type { ClientOptions } from "./connection.js";
import { InternalError, TrainingFailed, errorOf } from "./errors.js";
import { AssistantService } from "./gen/footlight/v1/assistant_pb.js";
import { CatalogService } from "./gen/footlight/v1/catalog_pb.js";
import type { EventSchema, Item, ItemSchema, PutItemsResponse, RecordEventsResponse } from "./gen/footlight/v1/catalog_pb.js";
import { EngineService, TrainingState } from "./gen/footlight/v1/engine_pb.js";
import type { StartTrainingRequestSchema, Training } from "./gen/footlight/v1/engine_pb.js";
import { GenerationService } from "./gen/footlight/v1/generation_pb.js";
import type { Corpus, GenerateRequestSchema } from "./gen/footlight/v1/generation_pb.js";
import { InteractionService, RewardStatus } from "./gen/footlight/v1/interaction_pb.js";
import type { ActRequestSchema, ActResponse, LoggedDecision, RewardEventSchema } from "./gen/footlight/v1/interaction_pb.js";
import { RecommendationService } from "./gen/footlight/v1/recommendation_pb.js";
import type { RecommendRequestSchema, RecommendResponse } from "./gen/footlight/v1/recommendation_pb.js";
import { Interaction } from "./interaction.js";
import type { Open } from "./interaction.js";

/** The version of this client; the server is told. */
export const VERSION = "0.1.0";

/** What a request of this kind can say, but for the fields that a method takes itself. */
type Rest<S, Taken extends string = never> = Omit<Exclude<S, { $typeName: unknown }>, Taken | "$typeName" | "$unknown">;

/**
 * A Footlight server.
 *
 * Every RPC is a method of its service (`client.catalog.listItems({})`); the methods of the client itself are for what is
 * done most, or takes more than one message. Connects with the first call.
 */
export class Footlight {
  /** The server's HOST:PORT. */
  readonly address: string;
  /** Items and events. */
  readonly catalog: ServiceCalls<typeof CatalogService>;
  /** Recommend and its kin. */
  readonly recommendation: ServiceCalls<typeof RecommendationService>;
  /** Corpora and assets. */
  readonly generation: ServiceCalls<typeof GenerationService>;
  /** Agents: Act, Reward and what was decided. */
  readonly interaction: ServiceCalls<typeof InteractionService>;
  /** Engines, deployments, trainings and models. */
  readonly engine: ServiceCalls<typeof EngineService>;
  /** Talk about the catalogue. */
  readonly assistant: ServiceCalls<typeof AssistantService>;
  private readonly channel: Client;
  private readonly timeoutMs: number;

  /** A client of the server at HOST:PORT, by default at $FOOTLIGHT_ADDRESS, else localhost:7007. Nothing is sent before the first call. */
  constructor(address: string = process.env["FOOTLIGHT_ADDRESS"] || DEFAULT_ADDRESS, options: ClientOptions = {}) {
    const { token, tls, timeoutMs = DEFAULT_TIMEOUT_MS, retryMs = DEFAULT_RETRY_MS } = options;
    if (!(timeoutMs > 0)) throw new TypeError(`timeoutMs: expected more than 0, got ${timeoutMs}`);
    this.timeoutMs = timeoutMs;
    this.address = targetOf(address);
    const sent = tokenOf(token, this.address, tls);
    this.channel = new Client(this.address, credentialsOf(tls), channelOptions(retryMs, VERSION));
    const caller = new Caller(this.channel, sent, timeoutMs, retryMs > 0);
    this.catalog = caller.service(CatalogService);
    this.recommendation = caller.service(RecommendationService);
    this.generation = caller.service(GenerationService);
    this.interaction = caller.service(InteractionService);
    this.engine = caller.service(EngineService);
    this.assistant = caller.service(AssistantService);
  }

  /** Ends the calls that are open. */
  close(): void {
    this.channel.close();
  }

  /** Waits until a server answers. */
  async waitUntilReady(timeoutMs = DEFAULT_TIMEOUT_MS): Promise<void> {
    await new Promise<void>((resolve, reject) =>
      this.channel.waitForReady(Date.now() + timeoutMs, (error) =>
        error ? reject(errorOf({ code: 14, details: `no server was ready at ${this.address} within ${timeoutMs} ms` })) : resolve(),
      ),
    );
  }

  /** Creates the items that are new and replaces those that exist: all of them or none. */
  async putItems(items: MessageInitShape<typeof ItemSchema>[], options?: CallOptions): Promise<PutItemsResponse> {
    return this.catalog.putItems({ items }, options);
  }

  /** The whole catalogue, page after page. */
  async *items(options?: CallOptions): AsyncIterableIterator<Item> {
    let pageToken = "";
    do {
      const page = await this.catalog.listItems({ pageSize: 1000, pageToken }, options);
      yield* page.items;
      pageToken = page.nextPageToken;
    } while (pageToken);
  }

  /** Appends events to the log, all of them or none. An event without an id gets a new one. */
  async recordEvents(events: Rest<MessageInitShape<typeof EventSchema>>[], options?: CallOptions): Promise<RecordEventsResponse> {
    return this.catalog.recordEvents({ events: events.map((event) => ({ ...event, eventId: event.eventId || randomUUID() })) }, options);
  }

  /** Ranks items for a person. */
  async recommend(userId: string, wanted: Rest<MessageInitShape<typeof RecommendRequestSchema>, "userId"> = {}, options?: CallOptions): Promise<RecommendResponse> {
    return this.recommendation.recommend({ userId, ...wanted }, options);
  }

  /** Makes assets and gives each as it is done; to stop early, stop iterating. */
  generate(
    wanted: Rest<MessageInitShape<typeof GenerateRequestSchema>> = {},
    options: CallOptions & { onProgress?: (done: number, count: number) => void } = {},
  ): AsyncIterableIterator<Asset> {
    const { onProgress, ...rest } = options;
    return assembled(this.generation.generate(wanted, { ...rest, timeoutMs: rest.timeoutMs ?? TRANSFER_TIMEOUT_MS }), onProgress);
  }

  /** Makes assets and writes each to a folder, which is made where there is none; answers the paths of the files. */
  async generateTo(folder: string, wanted: Rest<MessageInitShape<typeof GenerateRequestSchema>> = {}, options: CallOptions = {}): Promise<string[]> {
    const files = [];
    for await (const asset of this.generate(wanted, options)) files.push(await saveAsset(asset, `${folder}/`));
    return files;
  }

  /** An asset that was made before, with its bytes. */
  async getAsset(assetId: string, options: CallOptions = {}): Promise<Asset> {
    const messages = this.generation.getAsset({ assetId }, { ...options, timeoutMs: options.timeoutMs ?? TRANSFER_TIMEOUT_MS });
    for await (const asset of assembled(messages)) return asset;
    throw new InternalError(`asset ${assetId} did not come whole`, { code: "DATA_LOSS" });
  }

  /** Uploads files to learn from: a folder, or bytes by path. The same files give the same corpus id. */
  async uploadCorpus(name: string, source: CorpusSource, options: CallOptions & { rights?: Rights } = {}): Promise<Corpus> {
    const { rights, ...rest } = options;
    const answer = await this.generation.uploadCorpus(uploadOf(name, source, rights), { ...rest, timeoutMs: rest.timeoutMs ?? TRANSFER_TIMEOUT_MS });
    return answer.corpus as Corpus;
  }

  /** Decides the next action of a session. A call without a request id gets one, so that it can be sent again. */
  async act(step: Rest<MessageInitShape<typeof ActRequestSchema>>, options?: CallOptions): Promise<ActResponse> {
    return this.interaction.act({ ...step, requestId: step.requestId || randomUUID() }, options);
  }

  /** Adds a reward to a decision; counted once by its reward id. */
  async reward(decisionId: string, value: number, rewardId: string = randomUUID(), options?: CallOptions): Promise<RewardStatus> {
    const rewards: MessageInitShape<typeof RewardEventSchema>[] = [{ decisionId, value, rewardId }];
    const { statuses } = await this.interaction.reward({ rewards }, options);
    return statuses[0] ?? RewardStatus.UNSPECIFIED;
  }

  /** A stream on which sessions of an agent are played. Each answer may take as long as a call of this client; `options` are the stream's. */
  interact(agentId: string, options: CallOptions = {}): Interaction {
    const open: Open = (requests, signal) => this.interaction.interact(requests, { timeoutMs: options.timeoutMs ?? Infinity, signal });
    return new Interaction(open, agentId, this.timeoutMs, options.signal);
  }

  /** An agent's decisions with what they earned. */
  async *agentDecisions(agentId: string, options: CallOptions = {}): AsyncIterableIterator<LoggedDecision> {
    for await (const page of this.interaction.listDecisions({ agentId }, { ...options, timeoutMs: options.timeoutMs ?? TRANSFER_TIMEOUT_MS })) yield* page.decisions;
  }

  /** Trains a deployment and waits for the end. */
  async train(
    deployment: string,
    wanted: Rest<MessageInitShape<typeof StartTrainingRequestSchema>, "deployment"> = {},
    options: CallOptions & { onProgress?: (training: Training) => void } = {},
  ): Promise<Training> {
    const { onProgress, ...rest } = options;
    let { training } = await this.engine.startTraining({ deployment, ...wanted }, rest);
    const trainingId = training?.trainingId ?? "";
    for await (const seen of this.engine.watchTraining({ trainingId }, { ...rest, timeoutMs: rest.timeoutMs ?? Infinity })) {
      training = seen.training;
      if (training) onProgress?.(training);
    }
    if (training?.state === TrainingState.SUCCEEDED) return training;
    throw new TrainingFailed(`training ${trainingId} of ${deployment}: ${training?.error || "it did not succeed"}`);
  }
}
