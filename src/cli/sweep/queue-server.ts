/** The server of a queue: BullMQ on Valkey or Redis, both optional packages, looked at before anything is given to it. */
import type { Redis } from "ioredis";
import { LstmkitError } from "../../errors.ts";
import type { Blobs } from "./jobs.ts";
import type { QueueFlags } from "./queue-flags.ts";

/** BullMQ's own lower bound is 5; below this it warns, and XAUTOCLAIM and others are not there. */
const LEAST_VERSION = [6, 2] as const;
const CONNECT_WITHIN = 5000;
/** What jobs leave on the server goes by itself after a week. */
export const KEPT_SECONDS = 7 * 24 * 60 * 60;
/** A string on the server has 512 MB at most. */
const MOST_BYTES = 500 * 2 ** 20;

export interface QueueServer {
  readonly bull: typeof import("bullmq");
  readonly connection: Redis;
  readonly queueName: string;
  /** Without a password. */
  readonly address: string;
  /** What of the server's settings may lose jobs, for a person. */
  readonly caution: string | null;
}

/**
 * @param note told of a connection that is lost and had again: it is waited for
 * @throws QUEUE_UNAVAILABLE, QUEUE_UNREACHABLE, QUEUE_REFUSED
 */
export async function openServer(
  { url, password, name }: QueueFlags,
  note: (line: string) => void,
): Promise<QueueServer> {
  const { bull, ioredis } = await packages();
  const { hostname, port } = new URL(url);
  const address = `${hostname}:${port || 6379}`;
  const own = password === undefined ? {} : { password };
  const probe = new ioredis.Redis(url, {
    ...own,
    lazyConnect: true,
    connectTimeout: CONNECT_WITHIN,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    disconnectTimeout: 200, // of one that is refused, which may wait for nothing
  });
  let last: Error | undefined; // what connect() rejects with says less
  probe.on("error", (error: Error) => {
    last = error;
  });
  let info: string;
  try {
    await probe.connect();
    info = await withTime(probe.info());
  } catch (cause) {
    throw refusal(address, last ?? (cause as Error));
  } finally {
    probe.disconnect();
  }
  checkVersion(address, info);
  const connection = new ioredis.Redis(url, {
    ...own,
    lazyConnect: true,
    connectTimeout: CONNECT_WITHIN,
    maxRetriesPerRequest: null, // a server that is restarted is waited for
    retryStrategy: (times) => Math.min(100 * 2 ** Math.min(times, 6), 2000),
  });
  let isLost = false;
  connection.on("error", () => {
    if (!isLost) note(`The connection to ${address} is lost; waiting for it.`);
    isLost = true;
  });
  connection.on("ready", () => {
    if (isLost) note(`The connection to ${address} is there again.`);
    isLost = false;
  });
  await connection.connect();
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
  const caution =
    policy === undefined || policy === "noeviction"
      ? null
      : `The server at ${address} may drop jobs where its memory is full (maxmemory-policy ${policy}); set it to noeviction.`;
  return { bull, connection, queueName: name, address, caution };
}

/** @throws QUEUE_UNAVAILABLE */
async function packages() {
  try {
    const [bull, ioredis] = await Promise.all([import("bullmq"), import("ioredis")]);
    return { bull, ioredis };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const name = /'(bullmq|ioredis)'/.exec((cause as Error).message)?.[1] ?? "bullmq";
    throw new LstmkitError(
      "QUEUE_UNAVAILABLE",
      `the package ${name} is not installed beside lstmkit, and a queue needs it. Install both: npm install bullmq ioredis (with -g where lstmkit is global).`,
      { cause },
    );
  }
}

function withTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${CONNECT_WITHIN / 1000} s`)), CONNECT_WITHIN);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function refusal(address: string, cause: Error): LstmkitError {
  // "NOAUTH HELLO must be called with …": of its first words a person has enough.
  const message = cause.message.replace(/^(NOAUTH) .*$/s, "$1: it wants a password");
  if (/NOAUTH|WRONGPASS|invalid password|without any password|NOPERM/i.test(message)) {
    return new LstmkitError(
      "QUEUE_REFUSED",
      `the server at ${address} does not let us in (${message}); wanted its password in LSTMKIT_QUEUE_PASSWORD, or in the URL: redis://:password@host:6379.`,
      { cause },
    );
  }
  const reason = ((cause as NodeJS.ErrnoException).code ?? message) || "no connection";
  return new LstmkitError(
    "QUEUE_UNREACHABLE",
    `there is no Valkey or Redis server to be reached at ${address} (${reason}). Start one, such as redis-server or valkey-server, and look at host, port and TLS (rediss://).`,
    { cause },
  );
}

/** @throws QUEUE_REFUSED */
export function checkVersion(address: string, info: string): void {
  const isValkey = /^valkey_version:/m.test(info); // from 7.2 on, all of it new enough
  const version = /^redis_version:(\d+)\.(\d+)(\S*)/m.exec(info);
  const [major = 0, minor = 0] = (version ?? []).slice(1, 3).map(Number);
  const isOld = major < LEAST_VERSION[0] || (major === LEAST_VERSION[0] && minor < LEAST_VERSION[1]);
  if (isValkey || !isOld) return;
  throw new LstmkitError(
    "QUEUE_REFUSED",
    `the server at ${address} is Redis ${version ? `${major}.${minor}${version[3]}` : "of an unknown version"}; wanted Redis ${LEAST_VERSION.join(".")} or later, or Valkey.`,
  );
}

/** Bytes that jobs of a sweep leave on the server. */
export function serverBlobs({ connection, queueName }: QueueServer, sweep: string): Blobs {
  const key = (name: string) => `lstmkit:${queueName}:${sweep}:${name}`;
  return {
    get: (name) => connection.getBuffer(key(name)),
    async put(name, bytes) {
      if (bytes.length > MOST_BYTES) {
        throw new LstmkitError(
          "OUT_OF_MEMORY",
          `${name} has ${bytes.length} bytes, and a server holds ${MOST_BYTES} of one thing at most; run this sweep without --queue.`,
        );
      }
      const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      await connection.set(key(name), whole, "EX", KEPT_SECONDS);
    },
    async remove(name) {
      await connection.del(key(name));
    },
  };
}

/** What a job of ours carries. Small: its data are named. */
export interface QueuedJob {
  readonly sweep: string;
  readonly job: import("./jobs.ts").Job;
}
