// Opens the pages in headless Chromium: node --test, with $FOOTLIGHT_WEB the server's HTTP port, $FOOTLIGHT_PAGE where the pages
// are served from (it must be on the server's list), and $CHROMIUM the browser.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import path from "node:path";
import puppeteer from "puppeteer-core";
import { hostile } from "./hostile.mjs";

const here = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const web = process.env.FOOTLIGHT_WEB;
const origin = process.env.FOOTLIGHT_PAGE;
const FILES = {
  "/": ["index.html", "text/html"],
  "/connect": ["gen/connect-test.js", "text/javascript"],
  "/asked": ["gen/asked-test.js", "text/javascript"],
};
let browser, pages, wrong;

before(async () => {
  pages = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, origin);
    const [file, type] = FILES[pathname] ?? [];
    if (file) response.setHeader("content-type", `${type}; charset=utf-8`).end(await readFile(path.join(here, file)));
    else response.setHeader("content-type", "text/html").end(`<!doctype html><link rel="icon" href="data:,"><script type="module" src="${pathname.replace("/official", "")}"></script>`);
  });
  await new Promise((resolve) => pages.listen(Number(new URL(origin).port), "127.0.0.1", resolve));
  wrong = await hostile();
  browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
});

after(async () => {
  await browser?.close();
  pages?.close();
  wrong?.close();
});

test("the page shows recommendations, a generated picture and an agent's next move", async () => {
  const page = await browser.newPage();
  await page.setViewport({ width: 1100, height: 700 });
  await page.goto(`${origin}/?server=${web}&user=a-00&deployment=pictures&seed=3`);
  await page.waitForSelector("html[data-ready]", { timeout: 60_000 });
  const seen = await page.evaluate(() => ({
    items: [...document.querySelectorAll("#items li")].map((line) => line.textContent),
    width: document.getElementById("picture").naturalWidth,
    made: document.getElementById("made-by").textContent,
    decision: document.getElementById("decision").textContent,
    wrong: [...document.querySelectorAll(".wrong")].map((place) => place.textContent),
  }));
  assert.deepEqual(seen.wrong, []);
  assert.equal(seen.items.length, 8);
  assert.ok(seen.items.every((title) => title.startsWith("action")), "a-00 likes action films");
  assert.ok(seen.width > 0);
  assert.match(seen.made, /AI.generated.* by pictures, version 1, seed 3/i);
  assert.match(seen.decision, /^[←↓→↑] with probability 0\.\d+/);
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
  await page.close();
});

test("the page says what is wrong when no server answers", async () => {
  const page = await browser.newPage();
  await page.goto(`${origin}/?server=http://127.0.0.1:9`);
  await page.waitForSelector("html[data-ready]", { timeout: 60_000 });
  const told = await page.$$eval(".wrong", (places) => places.map((place) => place.textContent));
  assert.equal(told.length, 3);
  assert.ok(told.every((text) => text.startsWith("no answer from http://127.0.0.1:9")));
  await page.close();
});

test("the official Connect client works unchanged, in JSON and in binary", async () => {
  const page = await browser.newPage();
  await page.goto(`${origin}/official/connect?server=${web}`);
  await page.waitForFunction("window.found", { timeout: 60_000 });
  const found = JSON.parse(await page.evaluate("JSON.stringify(window.found)"));
  for (const codec of ["json", "binary"]) {
    const one = found[codec];
    assert.deepEqual(one.parts.slice(0, 1), ["started"]);
    assert.ok(one.parts.includes("asset") && one.size > 100);
    assert.equal(one.recommended.items.length, 2);
    assert.equal(one.title, "action 3");
    assert.deepEqual(one.unknown, { code: "NotFound", reason: "NOT_FOUND", metadata: { resource: "item", name: "無" } });
    assert.deepEqual(one.wrong, { code: "InvalidArgument", reason: "INVALID_ARGUMENT", field: "count", metadata: { field: "count" } });
    assert.deepEqual(one.wrongStream, one.wrong);
    assert.equal(one.late.code, "DeadlineExceeded");
  }
  assert.deepEqual(found.json, found.binary);
  await page.close();
});

/** The codes of the official client that each server may give, of a call of one message and of a stream. */
const CODES = {
  down: [["Unavailable", "Unknown"], ["Unavailable", "Unknown"]],
  silent: [["DeadlineExceeded"], ["DeadlineExceeded"]],
  slow: [["DeadlineExceeded"], ["DeadlineExceeded"]],
  "another web server": [["Unknown", "Internal"], ["Unknown", "Internal"]],
  "of another version": [["Unimplemented"], ["Unimplemented"]],
  "too long": [["DeadlineExceeded"], ["DeadlineExceeded"]],
  "wrong type": [["Internal", "InvalidArgument", "Unknown"], ["Internal", "InvalidArgument"]],
};

test("the official client has its error within the deadline, whatever is at the address", async () => {
  const page = await browser.newPage();
  await page.goto(`${origin}/official/asked`);
  await page.waitForFunction("window.ready");
  for (const [name, address] of Object.entries(wrong.addresses)) {
    for (const binary of [false, true]) {
      const told = await page.evaluate((...words) => window.asked(...words), address, binary, 500);
      const [unary, stream] = CODES[name];
      assert.ok(unary.includes(told.unary) && stream.includes(told.stream), `${name}: ${JSON.stringify(told)}`);
    }
  }
  await page.close();
});

test("the page says what is wrong within the deadline, whatever is at the address", async () => {
  await Promise.all(
    Object.entries(wrong.addresses).map(async ([name, address]) => {
      const page = await browser.newPage();
      await page.goto(`${origin}/?server=${address}&timeout=500`);
      await page.waitForSelector("html[data-ready]", { timeout: 20_000 });
      assert.equal((await page.$$(".wrong")).length, 3, name);
      await page.close();
    }),
  );
});
