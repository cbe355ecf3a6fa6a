/** Runners in step: the coordinator hands out jobs, every thread does its part of them. */
import { LstmkitError } from "../errors.ts";
import { within } from "../runtime/clock.ts";
import { type Part, SharedCrew, Solo } from "../runtime/crew.ts";
import type { Kernels } from "../runtime/kernels.ts";
import type { LinearMemory } from "../runtime/memory.ts";
import type { BatchSpec } from "./plan.ts";
import { type Job, Runner } from "./runner.ts";

/** Opcodes of the crew are places in this list. */
const KINDS = ["train", "project", "forward", "flow"] as const;

/** A plan that the whole team knows. */
export interface Station {
  readonly runner: Runner;
  /** Where its spec stands as JSON for the other threads; 0 where it is the coordinator's alone. */
  readonly address: number;
  readonly bytes: number;
  readonly base: number;
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

  /** Make a plan known; `base` is where its memory begins. */
  station(spec: BatchSpec, base: number): Station {
    const runner = new Runner(this.#kernels, spec, base, 0);
    const id = ++this.#stations;
    if (!this.#crew || spec.crew === 1) return { runner, address: 0, bytes: 0, base, id };
    const json = new TextEncoder().encode(JSON.stringify(spec));
    const address = this.#memory.allocate(json.length, "the description of a batch");
    this.#memory.u8(address, json.length).set(json);
    return { runner, address, bytes: json.length, base, id };
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
   * @returns whether somebody raised the flag
   * @throws THREAD_FAILED
   */
  async perform(station: Station, job: Job, units: number): Promise<boolean> {
    const crew = this.#crew;
    if (crew && station.address && units > 1) {
      const done = this.#last.then(() => this.#performTogether(crew, station, job));
      this.#last = done.catch(() => {});
      return done;
    }
    this.check();
    const solo = new Solo();
    solo.run(station.runner.perform(job, solo));
    return solo.raised;
  }

  async #performTogether(crew: SharedCrew, { runner, address, bytes, base, id }: Station, job: Job) {
    this.check();
    if (this.#dismissed) throw new LstmkitError("DISPOSED", "the runtime was closed; create another.");
    const args = [address, bytes, base, id, ...encodeJob(job)];
    try {
      const done = await crew.run(KINDS.indexOf(job.kind), args, runner.perform(job, crew));
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
  let current: { id: number; runner: Runner } | null = null;
  crew.serve((opcode, args): Part => {
    const [address, bytes, base, id, ...rest] = args as unknown as [
      number,
      number,
      number,
      number,
      ...number[],
    ];
    if (current?.id !== id) {
      const json = new Uint8Array(memory.buffer, address, bytes).slice(); // decoders refuse shared memory
      const spec = JSON.parse(new TextDecoder().decode(json)) as BatchSpec;
      current = { id, runner: new Runner(kernels, spec, base, index) };
    }
    return current.runner.perform(decodeJob(opcode, rest), crew);
  });
}

function encodeJob(job: Job): number[] {
  if (job.kind === "train") {
    return [job.count, Number(job.update), job.seed, job.epoch, job.step, job.iteration];
  }
  return job.kind === "project" ? [] : [job.count];
}

function decodeJob(opcode: number, args: readonly number[]): Job {
  const [count, update, seed, epoch, step, iteration] = args as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const kind = KINDS[opcode]!;
  switch (kind) {
    case "train":
      return { kind, count, update: update === 1, seed, epoch, step, iteration };
    case "forward":
    case "flow":
      return { kind, count };
    case "project":
      return { kind };
  }
}
