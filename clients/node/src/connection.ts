import { credentials as Credentials } from "@grpc/grpc-js";
import type { ChannelCredentials, ChannelOptions } from "@grpc/grpc-js";
import { readFileSync } from "node:fs";
import { isIPv4 } from "node:net";

/** Certificates in PEM, as text, bytes or the path of a file: who is trusted, and who we are where the server asks. */
export interface TlsOptions {
  /** The authorities that are trusted; left out means those that Node trusts. */
  roots?: string | Uint8Array | undefined;
  /** Our key, for servers that ask for a certificate. */
  privateKey?: string | Uint8Array | undefined;
  /** Our certificate. */
  certificateChain?: string | Uint8Array | undefined;
}

/** How a client connects. */
export interface ClientOptions {
  /** Sent with every call; to another machine only with `tls`, or where `tls: false` says that it may travel readable. */
  token?: string | undefined;
  /** True means TLS with the authorities that Node trusts; false that a token may do without. */
  tls?: boolean | TlsOptions | undefined;
  /** The milliseconds that a call may take unless it says otherwise: 30,000; ten minutes for calls that move files. */
  timeoutMs?: number | undefined;
  /** For about so many milliseconds a call is sent again, within its deadline, that no server has taken: 5,000. 0 sends nothing again. */
  retryMs?: number | undefined;
}

export const DEFAULT_ADDRESS = "localhost:7007";
export const DEFAULT_TIMEOUT_MS = 30_000;
export const DEFAULT_RETRY_MS = 5_000;
export const TRANSFER_TIMEOUT_MS = 600_000;

/** A retry of these could do the thing twice, or answer that it is done already. */
const NOT_RETRIED = [
  ["CatalogService", "DeleteItem"],
  ["EngineService", "CreateDeployment"],
  ["EngineService", "DeleteDeployment"],
  ["EngineService", "StartTraining"],
  ["GenerationService", "DeleteCorpus"],
  ["InteractionService", "CreateAgent"],
] as const;

/** HOST:PORT; the port is 7007 where none is given. */
export function targetOf(address: string): string {
  if (address.startsWith("unix:")) return address;
  if (!address.trim() || address.includes("/")) {
    throw new TypeError(`address: expected HOST:PORT, such as ${DEFAULT_ADDRESS}, got ${JSON.stringify(address)}`);
  }
  const afterBracket = address.slice(address.lastIndexOf("]") + 1);
  return afterBracket.includes(":") ? address : `${address}:7007`;
}

/** The token without the newline of the file that it came from. An error must not show it. */
export function tokenOf(given: string | undefined, target: string, tls: ClientOptions["tls"]): string | undefined {
  const token = given?.trim();
  if (!token) return undefined;
  if (!/^[\x21-\x7e]+$/.test(token)) throw new TypeError("token: expected printable ASCII characters without spaces");
  if (tls === undefined && !isHere(target)) {
    throw new TypeError(`token: expected TLS on the way to ${target}, where others could read it; tls: false sends it all the same`);
  }
  return token;
}

/** Whether a target is this machine, as its name tells. */
function isHere(target: string): boolean {
  const host = target.slice(0, target.lastIndexOf(":")).replace(/^\[|\]$/g, "").toLowerCase();
  return target.startsWith("unix:") || host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

export function credentialsOf(tls: ClientOptions["tls"]): ChannelCredentials {
  if (!tls) return Credentials.createInsecure();
  const given = tls === true ? {} : tls;
  if (!given.privateKey !== !given.certificateChain) {
    throw new TypeError("tls: expected a private key and its certificate together, got one of them");
  }
  return Credentials.createSsl(pem(given.roots), pem(given.privateKey), pem(given.certificateChain));
}

function pem(given?: string | Uint8Array): Buffer | null {
  if (given === undefined) return null;
  if (typeof given !== "string") return Buffer.from(given);
  return given.includes("-----BEGIN") ? Buffer.from(given) : readFileSync(given);
}

/** Retries, keepalive and limits of a channel. Pings go out only while calls are open. */
export function channelOptions(retryMs: number, version: string): ChannelOptions {
  return {
    "grpc.service_config": JSON.stringify(serviceConfig(retryMs)),
    "grpc.primary_user_agent": `footlight-node/${version}`,
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 20_000,
    "grpc.keepalive_permit_without_calls": 0,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1_000,
    "grpc.max_receive_message_length": 64 << 20,
    "grpc.max_send_message_length": 64 << 20,
  };
}

/** gRPC sends a call again after the delay that the server asks for (grpc-retry-pushback-ms), else after these. */
function serviceConfig(retryMs: number): object {
  if (!retryMs) return { methodConfig: [{ name: [{}] }], loadBalancingConfig: [] };
  const seconds = (share: number) => `${((share * retryMs) / 1000).toFixed(3)}s`;
  const retryPolicy = {
    maxAttempts: 5,
    initialBackoff: seconds(0.02),
    maxBackoff: seconds(0.58),
    backoffMultiplier: 4,
    retryableStatusCodes: ["UNAVAILABLE"],
  };
  const never = NOT_RETRIED.map(([service, method]) => ({ service: `footlight.v1.${service}`, method }));
  return {
    methodConfig: [{ name: [{}], retryPolicy }, { name: never }],
    retryThrottling: { maxTokens: 1000, tokenRatio: 1 },
    loadBalancingConfig: [],
  };
}
