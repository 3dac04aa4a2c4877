// The official client against the server: what the page of the test runs. Puts what it found into window.found.
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { CatalogService } from "../gen/footlight/v1/catalog_pb.js";
import { GenerationService } from "../gen/footlight/v1/generation_pb.js";
import { RecommendationService } from "../gen/footlight/v1/recommendation_pb.js";
import { BadRequestSchema, ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.js";

const baseUrl = new URLSearchParams(location.search).get("server");

async function told(work) {
  try {
    return await work();
  } catch (fault) {
    const error = ConnectError.from(fault);
    const [bad] = error.findDetails(BadRequestSchema);
    const [info] = error.findDetails(ErrorInfoSchema);
    return { code: Code[error.code], reason: info?.reason, field: bad?.fieldViolations[0]?.field, metadata: info?.metadata };
  }
}

async function tried(useBinaryFormat) {
  const transport = createConnectTransport({ baseUrl, useBinaryFormat });
  const recommendation = createClient(RecommendationService, transport);
  const generation = createClient(GenerationService, transport);
  const catalog = createClient(CatalogService, transport);
  const parts = [];
  for await (const { part } of generation.generate({ deployment: "mlp-gan", seed: 7n })) parts.push(part);
  const data = parts.filter((part) => part.case === "data").flatMap((part) => [...part.value]);
  return {
    recommended: await told(async () => {
      const answer = await recommendation.recommend({ userId: "a-00", deployment: "item-knn", count: 2, filter: { kinds: ["film"] } });
      return { items: answer.items.map((item) => item.itemId), version: String(answer.modelVersion) };
    }),
    parts: parts.map((part) => part.case),
    size: data.length,
    title: (await catalog.getItem({ itemId: "a03" })).item.title,
    unknown: await told(() => catalog.getItem({ itemId: "無" })),
    wrong: await told(() => recommendation.recommend({ userId: "a-00", count: 5000 })),
    wrongStream: await told(async () => {
      for await (const _ of generation.generate({ deployment: "mlp-gan", count: 5000 }));
    }),
    late: await told(async () => {
      for await (const _ of generation.generate({ deployment: "mlp-gan", count: 1000 }, { timeoutMs: 50 }));
    }),
  };
}

window.found = { json: await tried(false), binary: await tried(true) };
