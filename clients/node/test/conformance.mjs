// Runs the cases of clients/conformance: node conformance.mjs CASES ADDRESS RUN. One line of JSON for each.
import { readFileSync } from "node:fs";
import { fromJson, toJson } from "@bufbuild/protobuf";
import * as footlight from "@footlight/client";

const [cases, address, run] = process.argv.slice(2);

/** A client as a case says; its own refusal has the status REFUSED. */
function dial(to, { token, tls, plaintext, timeoutMs } = {}) {
  const named = tls && { roots: tls.roots, privateKey: tls.private_key, certificateChain: tls.certificate_chain };
  try {
    return new footlight.Footlight(to, { token, timeoutMs, tls: plaintext ? false : named });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new footlight.FootlightError(error.message, { code: "REFUSED" });
  }
}

const shared = dial(address);
const bytes = (text) => Buffer.from(text, "base64");
const text = (data) => Buffer.from(data).toString("base64");
const spoken = (message) => toJson(footlight[`${message.$typeName.split(".").pop()}Schema`], message, { useProtoFieldName: true });

async function assets(stream) {
  const found = [];
  for await (const { data, ...asset } of stream) found.push({ asset: spoken(asset), data: text(data) });
  return { assets: found };
}

/** The calls that a user makes by a method of the client itself. */
const OWN = {
  "GenerationService/UploadCorpus": async (client, { name, files, rights }, how) => {
    const source = Object.fromEntries(Object.entries(files).map(([path, data]) => [path, bytes(data)]));
    return { corpus: spoken(await client.uploadCorpus(name, source, { ...how, rights })) };
  },
  "GenerationService/Generate": (client, request, how) => assets(client.generate(fromJson(footlight.GenerateRequestSchema, request), how)),
  "GenerationService/GetAsset": async (client, request) => assets([await client.getAsset(request.asset_id)]),
  "InteractionService/Interact": async (client, request) => {
    const stream = client.interact(request.agent_id);
    const answers = [];
    for (const message of request.messages) {
      const { kind } = fromJson(footlight.InteractRequestSchema, message);
      const { agentId, ...wanted } = kind.value;
      answers.push({ [kind.case]: spoken(await stream[kind.case](wanted)) });
    }
    await stream.close();
    return { answers };
  },
  "InteractionService/ListDecisions": async (client, request) => {
    const decisions = [];
    for await (const decision of client.agentDecisions(request.agent_id)) decisions.push(spoken(decision));
    return { decisions };
  },
  "EngineService/WatchTraining": async (client, request) => {
    let last;
    for await (const seen of client.engine.watchTraining({ trainingId: request.training_id })) last = seen;
    return spoken(last);
  },
};

async function plain(client, call, request, how) {
  const [service, method] = call.split("Service/");
  const [calls, name] = [service, method].map((one) => one[0].toLowerCase() + one.slice(1));
  return spoken(await client[calls][name](fromJson(footlight[`${method}RequestSchema`], request), how));
}

const at = (answer, path) => String(path.split(".").reduce((value, part) => value[part], answer));
const filled = (value, known) =>
  JSON.parse(JSON.stringify(value), (_, one) => (typeof one === "string" ? one.replace(/\$\{(\w+)\}/g, (_, name) => known[name]) : one));

const known = { run };
for (const { name, call, request, keep, address: own, timeout_ms: timeoutMs = 60_000, ...how } of JSON.parse(readFileSync(cases, "utf8")).cases) {
  const outcome = { name, status: "OK", reason: "", field: "", message: "", metadata: {}, answer: null };
  try {
    const asked = filled(request, known);
    const client = own ? dial(own, { ...how, timeoutMs }) : shared;
    outcome.answer = await (OWN[call]?.(client, asked, { timeoutMs }) ?? plain(client, call, asked, { timeoutMs }));
    for (const [kept, path] of Object.entries(keep ?? {})) known[kept] = at(outcome.answer, path);
  } catch (error) {
    if (!(error instanceof footlight.FootlightError)) throw error;
    const { code: status, reason, field, message, metadata } = error;
    Object.assign(outcome, { status, reason, field, message, metadata });
  }
  console.log(JSON.stringify(outcome));
}
process.exit(0);
