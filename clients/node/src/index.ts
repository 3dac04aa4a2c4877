/**
 * The Footlight client for Node.
 *
 * ```ts
 * import { Footlight } from "@footlight/client";
 *
 * const client = new Footlight("localhost:7007");
 * const answer = await client.recommend("ada", { count: 3 }, { signal: AbortSignal.timeout(500) });
 * for (const item of answer.items) console.log(item.itemId, item.score);
 * ```
 *
 * @packageDocumentation
 */
export * from "./errors.js";
export { Footlight, VERSION } from "./client.js";
export type { CallOptions, ServiceCalls } from "./calls.js";
export type { ClientOptions, TlsOptions } from "./connection.js";
export { saveAsset } from "./assets.js";
export type { Asset, CorpusSource, Rights } from "./assets.js";
export { Interaction } from "./interaction.js";
export * from "./gen/footlight/v1/assistant_pb.js";
export * from "./gen/footlight/v1/catalog_pb.js";
export * from "./gen/footlight/v1/engine_pb.js";
export * from "./gen/footlight/v1/generation_pb.js";
export type { Asset as AssetMessage } from "./gen/footlight/v1/generation_pb.js";
export * from "./gen/footlight/v1/interaction_pb.js";
export * from "./gen/footlight/v1/recommendation_pb.js";
