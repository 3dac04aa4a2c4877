import { mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import path from "node:path";

import { InternalError } from "./errors.js";
import type { Asset as AssetMessage, GenerateResponse, GetAssetResponse, UploadCorpusRequestSchema } from "./gen/footlight/v1/generation_pb.js";
import type { MessageInitShape } from "@bufbuild/protobuf";

/** One piece of generated content, with its bytes. */
export type Asset = AssetMessage & {
  /** The bytes; their SHA-256 was checked. */
  data: Uint8Array;
};

const ENDINGS: Record<string, string> = {
  "image/png": ".png",
  "image/webp": ".webp",
  "image/jpeg": ".jpg",
  "image/gif": ".gif",
  "audio/midi": ".mid",
  "audio/wav": ".wav",
  "audio/x-wav": ".wav",
  "model/gltf-binary": ".glb",
  "model/vnd.usdz+zip": ".usdz",
  "application/json": ".json",
  "application/x-npy": ".npy",
  "text/plain": ".txt",
};

/**
 * Writes an asset to a path, or into a folder under a name that says what made it; answers the path of the file.
 * A path that ends in a slash is a folder, which is made where there is none.
 */
export async function saveAsset(asset: Asset, to: string): Promise<string> {
  const made = `${asset.deployment}-v${asset.modelVersion}-${asset.seed}`;
  const name = made.replace(/[^\w.-]/g, "_") + (ENDINGS[asset.mediaType] ?? ".bin"); // no server's words lead out of the folder
  if (/[/\\]$/.test(to)) await mkdir(to, { recursive: true });
  const inFolder = await stat(to).then((found) => found.isDirectory(), () => false);
  const file = inFolder ? path.join(to, name) : to;
  await writeFile(file, asset.data);
  if (asset.sidecar.length) await writeFile(`${file}.c2pa`, asset.sidecar);
  return file;
}

/** Puts the assets of a stream together. */
export async function* assembled(
  messages: AsyncIterable<GenerateResponse | GetAssetResponse>,
  onProgress?: (done: number, count: number) => void,
): AsyncIterableIterator<Asset> {
  let asset: AssetMessage | undefined;
  let chunks: Uint8Array[] = [];
  let count = 0;
  for await (const { part } of messages) {
    if (part.case === "started") count = part.value.count;
    else if (part.case === "progress") onProgress?.(part.value.doneCount, count);
    else if (part.case === "asset") [asset, chunks] = [part.value, []];
    else if (part.case === "data") chunks.push(part.value);
    const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (asset && (part.case === "asset" || part.case === "data") && BigInt(size) >= asset.sizeBytes) {
      yield checked(asset, Buffer.concat(chunks));
      asset = undefined;
    }
  }
  if (asset) throw new InternalError(`the bytes of asset ${asset.assetId} were cut short`, { code: "DATA_LOSS" });
}

function checked(asset: AssetMessage, data: Uint8Array): Asset {
  if (!createHash("sha256").update(data).digest().equals(asset.sha256)) {
    throw new InternalError(`the bytes of asset ${asset.assetId} are not those that were made`, { code: "DATA_LOSS" });
  }
  return Object.assign(asset, { data });
}

/** What the owner of a corpus declares. */
export interface Rights {
  /** Who owns the rights. */
  holder?: string | undefined;
  /** The licence, an SPDX identifier where there is one. */
  licence?: string | undefined;
  /** In words, where the two do not say it. */
  statement?: string | undefined;
}

/** Files to upload: bytes by path, or a folder. */
export type CorpusSource = Record<string, Uint8Array> | Map<string, Uint8Array> | string;

const CHUNK = 1 << 20;

/** The messages of an upload. */
export async function* uploadOf(name: string, source: CorpusSource, rights?: Rights): AsyncIterableIterator<MessageInitShape<typeof UploadCorpusRequestSchema>> {
  const files = await filesOf(source);
  yield { part: { case: "header", value: { name, fileCount: files.length, rights } } };
  for (const [file, read] of files) {
    const data = await read();
    yield { part: { case: "file", value: { path: file, sizeBytes: BigInt(data.length) } } };
    for (let at = 0; at < data.length; at += CHUNK) yield { part: { case: "chunk", value: data.subarray(at, at + CHUNK) } };
  }
}

type Read = () => Promise<Uint8Array>;

async function filesOf(source: CorpusSource): Promise<[string, Read][]> {
  if (typeof source === "string") return folder(source);
  const entries = source instanceof Map ? [...source] : Object.entries(source);
  return entries.map(([file, data]) => [file, async () => data]);
}

/** Every file below a folder but those whose name starts with a dot. */
async function folder(root: string): Promise<[string, Read][]> {
  const found: [string, Read][] = [];
  const walk = async (at: string): Promise<void> => {
    const entries = await readdir(path.join(root, at), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const below = at ? `${at}/${entry.name}` : entry.name;
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory()) await walk(below);
      else found.push([below, () => readFile(path.join(root, below))]);
    }
  };
  await walk("");
  if (!found.length) throw new TypeError(`source: there is no file in ${root}`);
  return found;
}
