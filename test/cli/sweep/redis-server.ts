/** A Redis or Valkey server of a test's own: on loopback, at a free port, with a password, its data in a folder. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { Redis } from "ioredis";

const PROGRAMS = ["redis-server", "valkey-server"];

/** The program's name; undefined where there is none, and tests of a queue have to be left out. */
export const serverProgram = PROGRAMS.find((name) => spawnSync(name, ["--version"]).status === 0);

export class RedisServer {
  readonly password = randomBytes(12).toString("hex");
  readonly #folder: string;
  #port = 0;
  #child: ChildProcess | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  get address(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  get url(): string {
    return `redis://:${this.password}@127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    this.#port ||= await freePort();
    const settings = {
      port: this.#port,
      bind: "127.0.0.1",
      requirepass: this.password,
      dir: this.#folder,
      appendonly: "yes",
      appendfsync: "always",
      save: "",
    };
    const words = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.#child = spawn(serverProgram!, words, { stdio: "ignore" });
    const client = new Redis(this.url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
    client.on("error", () => undefined);
    await client.ping();
    client.disconnect();
  }

  /** @param signal SIGKILL is a loss of power, as far as a process can have one */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await gone;
  }

  /** Keys that are there. */
  async keys(): Promise<string[]> {
    const client = new Redis(this.url);
    const found = await client.keys("*");
    client.disconnect();
    return found;
  }

  async remove(keys: readonly string[]): Promise<void> {
    const client = new Redis(this.url);
    await client.del(...keys);
    client.disconnect();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
