/** Runners in step: the coordinator hands out jobs, every thread does its part of them. */
import { type Crew, SharedCrew, Solo } from "../runtime/crew.ts";
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

/** The coordinator's side. */
export class Team {
  readonly size: number;
  readonly #kernels: Kernels;
  readonly #memory: LinearMemory;
  readonly #crew: SharedCrew | null;
  #stations = 0;

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
   * Have a job done.
   *
   * @param units pieces that threads can share; a single one is not worth waking anyone for
   * @returns whether somebody raised the flag
   */
  perform({ runner, address, bytes, base, id }: Station, job: Job, units: number): boolean {
    const crew: Crew = this.#crew && address && units > 1 ? this.#crew : new Solo();
    if (crew instanceof SharedCrew) {
      const args = [address, bytes, base, id, ...encodeJob(job)];
      crew.run(KINDS.indexOf(job.kind), args, () => runner.perform(job, crew));
    } else runner.perform(job, crew);
    return crew.raised;
  }

  /** Let the other threads go. */
  dismiss(): void {
    this.#crew?.dismiss();
  }
}

/** Another thread's side: returns when the team is dismissed. */
export function serveTeam(kernels: Kernels, memory: WebAssembly.Memory, index: number, size: number): void {
  const crew = new SharedCrew(memory, index, size);
  let current: { id: number; runner: Runner } | null = null;
  crew.serve((opcode, args) => {
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
    current.runner.perform(decodeJob(opcode, rest), crew);
  });
}

function encodeJob(job: Job): number[] {
  if (job.kind === "train") {
    return [job.count, Number(job.update), job.seed | 0, job.epoch, job.step, job.iteration];
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
