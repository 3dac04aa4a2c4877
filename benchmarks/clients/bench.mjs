// Calls Recommend as often as it can: node bench.mjs ADDRESS CALLERS SECONDS, or an http:// address for fetch. Prints the latencies.
import { Footlight } from "@footlight/client";

const [address, callers, seconds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const wanted = { deployment: "item-knn", count: 10 };
const client = address.startsWith("http") ? undefined : new Footlight(address);
const body = JSON.stringify({ userId: "a-00", ...wanted });
const headers = { "Content-Type": "application/json" };

const byHttp = async () => (await fetch(`${address}/footlight.v1.RecommendationService/Recommend`, { method: "POST", headers, body })).json();
const call = client ? () => client.recommend("a-00", wanted) : byHttp;

async function measure(during) {
  const end = performance.now() + during * 1000;
  const taken = [];
  const caller = async () => {
    while (performance.now() < end) {
      const began = performance.now();
      await call();
      taken.push((performance.now() - began) * 1000);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return taken;
}

await measure(1); // connects and warms up
const taken = (await measure(seconds)).sort((a, b) => a - b);
const at = (share) => taken[Math.floor(share * (taken.length - 1))];
console.log(JSON.stringify({ calls_per_second: taken.length / seconds, p50_us: at(0.5), p99_us: at(0.99) }));
process.exit(0);
