/** A contender's process: started when it is first needed, asked one thing at a time. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { type Contender, threadsEnvironment } from "./contenders.ts";
import type { Check, Hello, Request, Setup } from "./protocol.ts";

/** Threads of a pool that spin after their work get this long to go to sleep before others work. */
const SETTLE_MS = 60;

export class Player {
  readonly contender: Contender;
  /** As it calls itself, with its version. */
  name: string;
  /** The highest rate it was seen at, flop a millisecond: what it would take is guessed from that. */
  rate = 0;
  #process: ChildProcess | null = null;
  #answers: AsyncIterator<string> | null = null;
  #complaints = "";
  #end = "it closed its output";

  constructor(contender: Contender) {
    this.contender = contender;
    this.name = contender.kind;
  }

  /** @throws Error with what it last printed, when it does not start */
  async start(): Promise<void> {
    if (this.#process) return;
    const { command, args, threads } = this.contender;
    const env = { ...process.env, ...threadsEnvironment(threads) };
    const child = spawn(command, args, { env, stdio: ["pipe", "pipe", "pipe"] });
    child.on("error", (error) => {
      this.#complaints += `${error.message}\n`;
    });
    child.on("exit", (code, signal) => {
      this.#end = signal ? `it was ended by ${signal}` : `it ended with code ${code}`;
    });
    child.stdin.on("error", () => {}); // the answer that does not come tells
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-4000);
    });
    this.#process = child;
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    ({ name: this.name } = await this.#answer<Hello>());
  }

  async setup(setup: Setup): Promise<void> {
    await this.start(); // again, where a case before this one broke it
    await this.#ask({ setup });
  }

  check(losses: number): Promise<Check> {
    return this.#ask({ check: { losses } });
  }

  /** Milliseconds of `count` steps. */
  async run(count: number): Promise<number[]> {
    const { ms } = await this.#ask<{ ms: number[] }>({ run: count });
    return ms;
  }

  async roofline(): Promise<number> {
    const { gflops } = await this.#ask<{ gflops: number }>({ roofline: true });
    return gflops;
  }

  stop(): void {
    this.#process?.stdin?.end();
    this.#process?.kill();
    this.#process = null;
  }

  async #ask<T>(request: Request): Promise<T> {
    this.#process!.stdin!.write(`${JSON.stringify(request)}\n`);
    const answer = await this.#answer<T>();
    await sleep(SETTLE_MS);
    return answer;
  }

  async #answer<T>(): Promise<T> {
    const { value, done } = await this.#answers!.next();
    if (!done) return JSON.parse(value) as T;
    await sleep(SETTLE_MS); // for what it last had to say
    const telling = this.#complaints
      .trim()
      .split("\n")
      .findLast((line) => /error\b/i.test(line));
    const why = telling?.trim() ?? this.#end;
    this.stop();
    throw new Error(why);
  }
}
