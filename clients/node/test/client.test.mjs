// What the client adds to the calls: errors, deadlines, retries, both kinds of modules. Needs $FOOTLIGHT_ADDRESS, and
// $FOOTLIGHT_HOSTILE with the addresses of servers that misbehave.
import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import * as footlight from "@footlight/client";

const { DeadlineExceeded, Cancelled, EventKind, Footlight, InvalidArgument, NotFound, ResourceExhausted, Unavailable } = footlight;
const client = new Footlight(process.env.FOOTLIGHT_ADDRESS);
const hostile = JSON.parse(process.env.FOOTLIGHT_HOSTILE);
after(() => client.close());

test("require gives the same names as import", () => {
  const required = createRequire(import.meta.url)("@footlight/client");
  assert.deepEqual(Object.keys(required).sort(), Object.keys(footlight).sort());
});

test("an error is of its kind and names reason and field", async () => {
  await assert.rejects(client.recommend("ada", { count: 5000 }), (error) => {
    assert.ok(error instanceof InvalidArgument && error instanceof Error);
    assert.deepEqual([error.name, error.code, error.reason, error.field], ["InvalidArgument", "INVALID_ARGUMENT", "INVALID_ARGUMENT", "count"]);
    return true;
  });
});

test("an unknown item is named", async () => {
  await assert.rejects(client.catalog.getItem({ itemId: "no such item" }), (error) => {
    assert.ok(error instanceof NotFound);
    assert.deepEqual(error.metadata, { resource: "item", name: "no such item" });
    return true;
  });
});

test("items, events and recommendations", async () => {
  await client.putItems([{ itemId: "node-1", title: "One" }, { itemId: "node-2", attributes: { year: 1999 } }]);
  const told = await client.recordEvents([{ userId: "node-ada", itemId: "node-1", kind: EventKind.LIKE }]);
  assert.equal(told.recordedCount, 1);
  const answer = await client.recommend("node-ada", { count: 3 });
  assert.ok(!answer.items.some((item) => item.itemId === "node-1"));
  const ids = [];
  for await (const item of client.items()) ids.push(item.itemId);
  assert.ok(ids.includes("node-2"));
});

test("an AbortSignal with a time limit is a deadline", async () => {
  const slow = new Footlight(hostile.slow);
  await assert.rejects(slow.recommend("ada", {}, { signal: AbortSignal.timeout(100) }), (error) => {
    assert.ok(error instanceof DeadlineExceeded);
    assert.equal(error.cause.name, "TimeoutError");
    return true;
  });
  slow.close();
});

test("an abort cancels, and its reason is the cause", async () => {
  const slow = new Footlight(hostile.slow);
  const controller = new AbortController();
  const call = slow.recommend("ada", {}, { signal: controller.signal });
  setTimeout(() => controller.abort(new Error("the page was left")), 50);
  await assert.rejects(call, (error) => error instanceof Cancelled && error.cause.message === "the page was left");
  await assert.rejects(slow.recommend("ada", {}, { signal: AbortSignal.abort() }), Cancelled);
  slow.close();
});

test("timeoutMs is a deadline that the server is told", async () => {
  const slow = new Footlight(hostile.slow);
  await assert.rejects(slow.recommend("ada", {}, { timeoutMs: 100 }), DeadlineExceeded);
  slow.close();
});

test("an AbortSignal ends a stream as well", async () => {
  const slow = new Footlight(hostile.slow);
  const stream = slow.generate({}, { signal: AbortSignal.timeout(100) });
  await assert.rejects(stream.next(), DeadlineExceeded);
  slow.close();
});

test("a full server is asked again after the delay that it names, and not for ever", async () => {
  const patient = new Footlight(hostile["full at first"]);
  assert.equal((await patient.recommend("ada")).deployment, "patient");
  const refused = new Footlight(hostile.full);
  await assert.rejects(refused.recommend("ada"), (error) => {
    assert.ok(error instanceof ResourceExhausted);
    assert.deepEqual([error.message, error.retryAfterMs], ["full, 5 times", 20]);
    return true;
  });
  patient.close();
  refused.close();
});

test("a call that no server has taken is sent again, unless it must not happen twice", async () => {
  const patient = new Footlight(hostile["unavailable at first"]);
  assert.equal((await patient.recommend("ada")).deployment, "patient");
  const careful = new Footlight(hostile["away at first"]);
  await assert.rejects(careful.catalog.deleteItem({ itemId: "any" }), Unavailable);
  patient.close();
  careful.close();
});

test("a client that retries nothing asks once", async () => {
  const [full, absent] = [hostile.full, hostile["away at first"]].map((address) => new Footlight(address, { retryMs: 0 }));
  await assert.rejects(full.recommend("ada"), (error) => error instanceof ResourceExhausted && error.message === "full, 1 times");
  await assert.rejects(absent.recommend("ada"), Unavailable);
  full.close();
  absent.close();
});

test("no asset is written outside of its folder", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "footlight-"));
  const client = new Footlight(hostile.newer);
  assert.deepEqual(await client.generateTo(path.join(folder, "new"), {}), [path.join(folder, "new", ".._up-v0-0.bin")]);
  client.close();
});

test("whoever stops iterating ends the call", async () => {
  for await (const asset of client.generate({ deployment: "mlp-gan", count: 1000, seed: 1n })) {
    assert.equal(asset.data.length, Number(asset.sizeBytes));
    break;
  }
});

test("assets are written to files", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "footlight-"));
  const files = await client.generateTo(folder, { deployment: "mlp-gan", count: 2, seed: 7n });
  assert.deepEqual(files.map((file) => path.basename(file)), ["mlp-gan-v1-7.npy", "mlp-gan-v1-8.npy"]);
  assert.ok((await readFile(files[0])).subarray(1, 6).equals(Buffer.from("NUMPY")));
  assert.ok((await readdir(folder)).length >= 2);
});

test("an act and its reward", async () => {
  const spaces = { observationSpace: { kind: { case: "discrete", value: { n: 2n } } }, actionSpace: { kind: { case: "discrete", value: { n: 2n } } } };
  await client.interaction.createAgent({ agentId: "node-robot", deployment: "q-learning", seed: 1n, ...spaces });
  const decision = await client.act({ agentId: "node-robot", sessionId: "s", observation: { kind: { case: "discrete", value: 0n } } });
  assert.equal(await client.reward(decision.decisionId, 1), footlight.RewardStatus.RECORDED);
});

test("an address that is none is refused at once", () => {
  assert.throws(() => new Footlight("http://localhost:7007"), /expected HOST:PORT/);
  assert.equal(new Footlight("example.org").address, "example.org:7007");
});
