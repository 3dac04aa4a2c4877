// The official client against servers that misbehave: window.asked makes both kinds of calls and tells their codes.
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { GenerationService } from "../gen/footlight/v1/generation_pb.js";
import { RecommendationService } from "../gen/footlight/v1/recommendation_pb.js";

async function code(work) {
  try {
    return (await work()) ?? "OK";
  } catch (fault) {
    return fault instanceof ConnectError ? Code[fault.code] : `${fault}`;
  }
}

window.asked = async (baseUrl, useBinaryFormat, timeoutMs) => {
  const transport = createConnectTransport({ baseUrl, useBinaryFormat });
  return {
    unary: await code(async () => void (await createClient(RecommendationService, transport).recommend({ userId: "ada" }, { timeoutMs }))),
    stream: await code(async () => {
      for await (const _ of createClient(GenerationService, transport).generate({}, { timeoutMs }));
    }),
  };
};
window.ready = true;
