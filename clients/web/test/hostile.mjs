// Servers that a page must not hang on: silent, slow, of another kind, too talkative, lying. All let every page read them.
import { createServer } from "node:http";

const CORS = { "access-control-allow-origin": "*", "access-control-allow-headers": "*", "access-control-allow-methods": "POST" };
const streamed = (request) => (request.headers["content-type"] ?? "").startsWith("application/connect+");

function message(length, body) {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, body]);
}

/** Answers under the content type that was asked for. */
function answered(request, response, body) {
  response.writeHead(200, { ...CORS, "content-type": request.headers["content-type"] });
  response.end(streamed(request) ? message(body.length, body) : body);
}

/** Writes without end, for as long as somebody reads. */
function endless(request, response) {
  response.writeHead(200, { ...CORS, "content-type": request.headers["content-type"] });
  if (streamed(request)) response.write(message(0xffffffff, Buffer.alloc(0)));
  const more = () => {
    while (!response.destroyed && response.write(Buffer.alloc(1 << 16, " ")));
  };
  response.on("drain", more);
  more();
}

const KINDS = {
  silent: () => {},
  slow: (request, response) => response.writeHead(200, { ...CORS, "content-type": request.headers["content-type"] }).flushHeaders(),
  "another web server": (request, response) => response.writeHead(200, { ...CORS, "content-type": "text/html" }).end("<!doctype html><p>hello"),
  "of another version": (request, response) => response.writeHead(404, { ...CORS, "content-type": "application/json" }).end('{"code": "unimplemented"}'),
  "too long": endless,
  "wrong type": (request, response) => answered(request, response, Buffer.from([0xff, 0xff, 0xff])),
};

/** All of them, running: their addresses by name, and what ends them. */
export async function hostile() {
  const servers = Object.entries(KINDS).map(([name, answer]) => {
    const server = createServer((request, response) => {
      if (request.method === "OPTIONS") response.writeHead(204, CORS).end();
      else answer(request, response);
    });
    return [name, server];
  });
  await Promise.all(servers.map(([, server]) => new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))));
  const addresses = Object.fromEntries(servers.map(([name, server]) => [name, `http://127.0.0.1:${server.address().port}`]));
  const close = () => servers.forEach(([, server]) => (server.close(), server.closeAllConnections()));
  return { addresses: { down: "http://127.0.0.1:9", ...addresses }, close };
}
