/** Kernels on a memory, and the threads that share it. */
import { nextTurn, now } from "../clock.ts";
import { LstmkitError } from "../errors.ts";
import type { WasmModule } from "../host-types.ts";
import {
  compileKernels,
  instantiateKernels,
  isModule,
  type KernelBuild,
  type Kernels,
} from "../wasm/kernels.ts";
import { growableMemory, LinearMemory } from "../wasm/memory.ts";
import type { Platform, StartThread, Thread, ThreadInit } from "../wasm/platform.ts";
import { COMMON_FAMILIES, familiesOf, INT8_FAMILIES, Trial } from "../wasm/trial.ts";
import { marked, type VectorChoice, type VectorPass } from "../wasm/vectors.ts";
import { Team } from "./team.ts";

/** What an engine is made of. */
export interface EngineParts extends VectorChoice {
  readonly platform: Platform;
  readonly file: KernelBuild;
  /** The build of that name, as it came. */
  readonly found: WasmModule | Uint8Array<ArrayBuffer>;
  /** Threads, this one included. */
  readonly size: number;
  readonly pass: VectorPass | undefined;
}

/** Runs of a case in which V8 has optimised all that it calls, where it does so at the second call. */
const RUNS = 4;
/** Runs at a stretch where it takes its time, and milliseconds of that at most. */
const [STRETCH, PATIENCE] = [8, 150];

/**
 * Compile, instantiate, start the threads. Kernels of 256 bits are tried before; where they are wrong it is 128.
 *
 * @throws UNSUPPORTED_ENGINE, FILE_UNREADABLE, OUT_OF_MEMORY, THREAD_FAILED
 */
export async function openEngine(parts: EngineParts): Promise<Engine> {
  const { file, found, size, pass } = parts;
  const module = await compileKernels(found, file);
  const memory = new LinearMemory(growableMemory({ shared: size > 1 }));
  const plain = await instantiateKernels(module, memory.wasm);
  if (parts.vectors === 128) return startEngine(parts, module, plain, memory, null);
  if (isModule(found)) {
    const reason = "kernels are given as a module, compiled before; for 256 bits give their bytes";
    return startEngine({ ...parts, vectors: 128, reason }, module, plain, memory, null);
  }
  const wideModule = pass
    ? pass.optimising(() => new WebAssembly.Module(marked(found)))
    : await WebAssembly.compile(marked(found));
  const wide = await instantiateKernels(wideModule, memory.wasm, 256);
  const trust = new Trust(new Trial(plain, wide, memory), pass);
  const wrong = await trust.firstWrong(COMMON_FAMILIES);
  if (wrong === null) return startEngine(parts, wideModule, wide, memory, trust);
  return startEngine({ ...parts, vectors: 128, reason: trust.giveUp(wrong) }, module, plain, memory, null);
}

async function startEngine(
  parts: EngineParts,
  module: WasmModule,
  kernels: Kernels,
  memory: LinearMemory,
  trust: Trust | null,
): Promise<Engine> {
  const { platform, size, vectors } = parts;
  const team = new Team(kernels, memory, size);
  const startThread = platform.startThread as StartThread; // else size is 1
  const threads = await startThreads(startThread, team, { module, memory: memory.wasm, size, vectors });
  return new Engine(parts, kernels, memory, team, threads, trust);
}

/** Which kernels of 256 bits have been seen to be right. */
class Trust {
  readonly #trial: Trial;
  readonly #pass: VectorPass | undefined;
  readonly #right = new Set<string>();

  constructor(trial: Trial, pass: VectorPass | undefined) {
    this.#trial = trial;
    this.#pass = pass;
  }

  /** The first family that gives another bit than it should; null for none. */
  async firstWrong(families: readonly string[]): Promise<string | null> {
    const fresh = families.filter((family) => !this.#right.has(family));
    if (fresh.length === 0) return null;
    const wrong = this.#pass
      ? this.#pass.optimising(() => this.#trial.run(fresh, RUNS))
      : await this.#patiently(fresh);
    if (wrong === null) for (const family of fresh) this.#right.add(family);
    return wrong;
  }

  /** Until V8 has optimised what runs a lot, which it does in the background. */
  async #patiently(families: readonly string[]): Promise<string | null> {
    const start = now();
    do {
      for (const family of families) {
        const wrong = this.#trial.run([family], STRETCH);
        if (wrong !== null) return wrong;
        await nextTurn();
      }
    } while (now() - start < PATIENCE);
    return null;
  }

  /** Turn the pass off, where a program can. @returns why it is 128 now */
  giveUp(wrong: string): string {
    const found = `V8's pass for 256 bits made wrong code of ${wrong}`;
    if (!this.#pass) return `${found}; start the engine without it`;
    this.#pass.giveUp(`${found}; it is off now, for the rest of the process`);
    return this.#pass.whyNot!; // has just been given
  }
}

/** Kernels, a memory, a team. */
export class Engine {
  readonly kernels: Kernels;
  readonly memory: LinearMemory;
  readonly team: Team;
  readonly threads: readonly Thread[];
  readonly #parts: EngineParts;
  readonly #trust: Trust | null;
  /** Why it is not to be trusted. */
  #wrong: string | null = null;

  constructor(
    parts: EngineParts,
    kernels: Kernels,
    memory: LinearMemory,
    team: Team,
    threads: readonly Thread[],
    trust: Trust | null,
  ) {
    this.kernels = kernels;
    this.memory = memory;
    this.team = team;
    this.threads = threads;
    this.#parts = parts;
    this.#trust = trust;
  }

  get size(): number {
    return this.#parts.size;
  }

  get vectors(): VectorChoice["vectors"] {
    return this.#parts.vectors;
  }

  get reason(): string | undefined {
    return this.#parts.reason;
  }

  /** Whether the kernels of these layers, whatever those are, give what they should. */
  async trusts(layers: unknown, isInt8 = false): Promise<boolean> {
    if (!this.#trust) return true;
    const wrong = await this.#trust.firstWrong([...familiesOf(layers), ...(isInt8 ? INT8_FAMILIES : [])]);
    if (wrong !== null) this.#wrong = this.#trust.giveUp(wrong);
    return wrong === null;
  }

  /** Another of 128 bits in its place, once it is not to be trusted. */
  narrower(): Promise<Engine> {
    const reason = this.#wrong === null ? {} : { reason: this.#wrong };
    return openEngine({ ...this.#parts, vectors: 128, ...reason });
  }

  async end(): Promise<void> {
    await endTeam(this.team, this.threads);
  }
}

/**
 * The other threads of a team.
 *
 * @throws THREAD_FAILED when one does not start; the others are ended
 */
async function startThreads(
  start: StartThread,
  team: Team,
  init: Omit<ThreadInit, "index">,
): Promise<readonly Thread[]> {
  const starting = Array.from({ length: init.size - 1 }, (_, i) => start({ ...init, index: i + 1 }));
  const started = await Promise.allSettled(starting);
  const running = started.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = started.find((result) => result.status === "rejected");
  if (!failed) return running;
  await endTeam(team, running);
  const reason: unknown = failed.reason;
  throw new LstmkitError("THREAD_FAILED", `a thread did not start: ${String(reason)}. Use threads: 1.`, {
    cause: reason,
  });
}

async function endTeam(team: Team, threads: readonly Thread[]): Promise<void> {
  await team.dismiss();
  await Promise.all(threads.map((thread) => thread.end()));
}
