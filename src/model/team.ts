/** Workers in step: the coordinator hands out jobs, every thread does its part of them. */

import { within } from "../clock.ts";
import { LstmkitError } from "../errors.ts";
import type { Kernels } from "../wasm/kernels.ts";
import type { LinearMemory } from "../wasm/memory.ts";
import { type Part, SharedCrew, Solo } from "../wasm/threads.ts";
import { type Job, type Site, Worker } from "./worker.ts";

/** Opcodes of the crew are places in this list. */
const KINDS = [
  "prepare",
  "project",
  "forward",
  "gradient",
  "shards",
  "sum",
  "update",
  "forget",
  "flow",
] as const;

/** A plan that the whole team knows. */
export interface Station {
  readonly worker: Worker;
  /** Where its site stands as JSON for the other threads; 0 where it is the coordinator's alone. */
  readonly address: number;
  readonly bytes: number;
  readonly id: number;
}

/** Milliseconds that a thread which has failed may take to say why. */
const LAST_WORDS = 200;

/** The coordinator's side. */
export class Team {
  readonly size: number;
  readonly #kernels: Kernels;
  readonly #memory: LinearMemory;
  readonly #crew: SharedCrew | null;
  #stations = 0;
  /** The last job that was asked for, once it is over. */
  #last: Promise<unknown> = Promise.resolve();
  #dismissed = false;
  /** Why the team is of no more use; null while it is. */
  #failure: { readonly reason: unknown } | null = null;
  #hear = () => {};
  /** Until fail() is called. */
  readonly #heard = new Promise<void>((resolve) => {
    this.#hear = resolve;
  });

  /** @param size threads, this one included; the others must be in serveTeam() */
  constructor(kernels: Kernels, memory: LinearMemory, size: number) {
    this.size = size;
    this.#kernels = kernels;
    this.#memory = memory;
    this.#crew = size > 1 ? new SharedCrew(memory.wasm, 0, size) : null;
  }

  /** Make a batch known. */
  station(site: Site): Station {
    const worker = new Worker(this.#kernels, this.#memory.wasm, site, 0);
    const id = ++this.#stations;
    if (!this.#crew || site.shape.threads === 1) return { worker, address: 0, bytes: 0, id };
    const json = new TextEncoder().encode(JSON.stringify(site));
    const address = this.#memory.allocate(json.length, "the description of a batch");
    this.#memory.u8(address, json.length).set(json);
    return { worker, address, bytes: json.length, id };
  }

  /** Give a station's memory back. */
  leave(station: Station): void {
    if (station.address) this.#memory.free(station.address);
  }

  /**
   * Have a job done. Jobs of the whole team are done one after the other, each in one go, unless a thread is
   * late: then the event loop runs in the midst of it.
   *
   * @param units pieces that threads can share; a single one is not worth waking anyone for
   * @returns whether somebody raised the flag; no promise where this thread did it alone, and at once
   * @throws THREAD_FAILED
   */
  perform(station: Station, job: Job, units: number): boolean | Promise<boolean> {
    const crew = this.#crew;
    if (crew && station.address && units > 1) {
      const done = this.#last.then(() => this.#performTogether(crew, station, job));
      this.#last = done.catch(() => {});
      return done;
    }
    this.check();
    const solo = new Solo();
    solo.run(station.worker.perform(job, solo));
    return solo.raised;
  }

  async #performTogether(crew: SharedCrew, { worker, address, bytes, id }: Station, job: Job) {
    this.check();
    if (this.#dismissed) throw new LstmkitError("DISPOSED", "the runtime was closed; create another.");
    const args = [address, bytes, id, ...encodeJob(job)];
    try {
      const done = await crew.run(KINDS.indexOf(job.kind), args, worker.perform(job, crew));
      if (!done) await within(LAST_WORDS, this.#heard, () => this.fail("it did not say why"));
    } catch (error) {
      this.fail(error);
    }
    this.check();
    return crew.raised;
  }

  /** Give the team up: a thread of it has ended or failed. The first reason stays. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#crew?.fail();
    this.#hear();
  }

  /** @throws THREAD_FAILED where a thread is lost */
  check(): void {
    if (!this.#failure) return;
    const { reason } = this.#failure;
    const why = (reason instanceof Error ? reason.message : String(reason)).replace(/\.$/, "");
    throw new LstmkitError(
      "THREAD_FAILED",
      `a thread of the team is lost: ${why}. Save what is to be kept, close this runtime and create another.`,
      { cause: reason },
    );
  }

  /** Let the other threads go, once they have done their last job. */
  async dismiss(): Promise<void> {
    this.#dismissed = true;
    await this.#last;
    this.#crew?.dismiss();
  }
}

/** Another thread's side: returns when the team is dismissed. */
export function serveTeam(kernels: Kernels, memory: WebAssembly.Memory, index: number, size: number): void {
  const crew = new SharedCrew(memory, index, size);
  let current: { id: number; worker: Worker } | null = null;
  crew.serve((opcode, args): Part => {
    const [address, bytes, id, ...rest] = args as unknown as [number, number, number, ...number[]];
    if (current?.id !== id) {
      const json = new Uint8Array(memory.buffer, address, bytes).slice(); // decoders refuse shared memory
      const site = JSON.parse(new TextDecoder().decode(json)) as Site;
      current = { id, worker: new Worker(kernels, memory, site, index) };
    }
    return current.worker.perform(decodeJob(opcode, rest), crew);
  });
}

/** A job's numbers, in the order of its fields. */
function encodeJob(job: Job): number[] {
  const { kind: _, ...numbers } = job;
  return Object.keys(FIELDS[job.kind]).map((name) => (numbers as Record<string, number>)[name]!);
}

function decodeJob(opcode: number, args: readonly number[]): Job {
  const kind = KINDS[opcode]!;
  const names = Object.keys(FIELDS[kind]);
  return { kind, ...Object.fromEntries(names.map((name, i) => [name, args[i]!])) } as Job;
}

/** The numbers of each job, in the order in which they cross. */
const FIELDS: { readonly [K in Job["kind"]]: Record<Exclude<keyof (Job & { kind: K }), "kind">, true> } = {
  prepare: {},
  project: { input: true, from: true, count: true },
  forward: { count: true, from: true, to: true },
  gradient: { count: true, divisor: true, seed: true, epoch: true, batch: true },
  shards: { count: true, divisor: true, from: true, to: true, seed: true, epoch: true, batch: true },
  sum: { count: true, partials: true },
  update: { iteration: true },
  forget: {},
  flow: { count: true },
};
