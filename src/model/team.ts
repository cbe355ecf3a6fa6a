/** Runners in step: the coordinator hands out jobs, every thread does its part of them. */
import { type Crew, SharedCrew, Solo } from "../runtime/crew.ts";
import type { Kernels } from "../runtime/kernels.ts";
import type { LinearMemory } from "../runtime/memory.ts";
import { type Job, type Site, Worker } from "./worker.ts";

/** Opcodes of the crew are places in this list. */
const KINDS = ["prepare", "project", "forward", "gradient", "update", "forget", "flow"] as const;

/** A plan that the whole team knows. */
export interface Station {
  readonly worker: Worker;
  /** Where its site stands as JSON for the other threads; 0 where it is the coordinator's alone. */
  readonly address: number;
  readonly bytes: number;
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
   * Have a job done.
   *
   * @param units pieces that threads can share; a single one is not worth waking anyone for
   * @returns whether somebody raised the flag
   */
  perform({ worker, address, bytes, id }: Station, job: Job, units: number): boolean {
    const crew: Crew = this.#crew && address && units > 1 ? this.#crew : new Solo();
    if (crew instanceof SharedCrew) {
      const args = [address, bytes, id, ...encodeJob(job)];
      crew.run(KINDS.indexOf(job.kind), args, () => worker.perform(job, crew));
    } else worker.perform(job, crew);
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
  let current: { id: number; worker: Worker } | null = null;
  crew.serve((opcode, args) => {
    const [address, bytes, id, ...rest] = args as unknown as [number, number, number, ...number[]];
    if (current?.id !== id) {
      const json = new Uint8Array(memory.buffer, address, bytes).slice(); // decoders refuse shared memory
      const site = JSON.parse(new TextDecoder().decode(json)) as Site;
      current = { id, worker: new Worker(kernels, memory, site, index) };
    }
    current.worker.perform(decodeJob(opcode, rest), crew);
  });
}

/** A job's numbers, in the order of its fields. */
function encodeJob(job: Job): number[] {
  const { kind: _, ...numbers } = job;
  return Object.keys(FIELDS[job.kind]).map((name) => (numbers as Record<string, number>)[name]! | 0);
}

function decodeJob(opcode: number, args: readonly number[]): Job {
  const kind = KINDS[opcode]!;
  const names = Object.keys(FIELDS[kind]);
  return { kind, ...Object.fromEntries(names.map((name, i) => [name, args[i]! >>> 0])) } as Job;
}

/** The numbers of each job, in the order in which they cross. */
const FIELDS: { readonly [K in Job["kind"]]: Record<Exclude<keyof (Job & { kind: K }), "kind">, true> } = {
  prepare: {},
  project: {},
  forward: { count: true },
  gradient: { count: true, samples: true, seed: true, epoch: true, batch: true },
  update: { iteration: true },
  forget: {},
  flow: { count: true },
};
