/**
 * Threads that work on one job: they claim units of work, meet at barriers and raise a flag. A crew of
 * one does the same without any of it, so that the code of a job is written once.
 *
 * The words they meet on lie in the shared memory below the first block that is handed out.
 */

import { LstmkitError } from "../errors.ts";

/** What a participant sees of the crew. */
export interface Crew {
  /** This participant's number; 0 is the coordinator. */
  readonly index: number;
  readonly size: number;
  /** The next unit of work that nobody has claimed since the job began: 0, 1, 2, … */
  claim(): number;
  /** Wait until every participant is here. */
  meet(): void;
  /** Tell all that something is wrong; they see it after the next meeting. */
  raise(): void;
  readonly raised: boolean;
}

/** A crew of one, for a single job. */
export class Solo implements Crew {
  readonly index = 0;
  readonly size = 1;
  raised = false;
  #next = 0;

  claim(): number {
    return this.#next++;
  }

  meet(): void {}

  raise(): void {
    this.raised = true;
  }
}

/** Where the control words lie, bytes. */
export const CONTROL_ADDRESS = 64;
const ARGUMENTS = 16;
/** Arguments of a job at most. */
export const MAX_ARGUMENTS = 16;

/** Control words. Those that are waited on have a cache line of their own in spirit; they change once a phase. */
const WORD = {
  generation: 0,
  pending: 1,
  next: 2,
  arrived: 3,
  phase: 4,
  raised: 5,
  failed: 6,
  opcode: 7,
} as const;

/** Turns of the spin before a thread sleeps: about 20 µs, less than a wake-up costs. */
const SPINS = 2_000;
/** Milliseconds between two looks at whether another participant has failed. */
const PATIENCE = 200;

/** Ends the loop of serve(). */
const EXIT = -1;

/** A participant of a crew on shared memory. */
export class SharedCrew implements Crew {
  readonly index: number;
  readonly size: number;
  readonly #words: Int32Array;

  constructor(memory: WebAssembly.Memory, index: number, size: number) {
    this.#words = new Int32Array(memory.buffer, CONTROL_ADDRESS, ARGUMENTS + MAX_ARGUMENTS);
    this.index = index;
    this.size = size;
  }

  get raised(): boolean {
    return Atomics.load(this.#words, WORD.raised) !== 0;
  }

  claim(): number {
    return Atomics.add(this.#words, WORD.next, 1);
  }

  raise(): void {
    Atomics.store(this.#words, WORD.raised, 1);
  }

  meet(): void {
    const words = this.#words;
    const phase = Atomics.load(words, WORD.phase);
    if (Atomics.add(words, WORD.arrived, 1) + 1 === this.size) {
      Atomics.store(words, WORD.arrived, 0);
      Atomics.add(words, WORD.phase, 1);
      Atomics.notify(words, WORD.phase);
    } else this.#whileEqual(WORD.phase, phase);
  }

  /**
   * The coordinator's side: have every participant do a job, and do it too.
   *
   * @param work this participant's part
   */
  run(opcode: number, args: readonly number[], work: () => void): void {
    const words = this.#words;
    args.forEach((value, i) => {
      words[ARGUMENTS + i] = value;
    });
    words[WORD.opcode] = opcode;
    words[WORD.next] = 0;
    words[WORD.raised] = 0;
    Atomics.store(words, WORD.pending, this.size - 1);
    Atomics.add(words, WORD.generation, 1);
    Atomics.notify(words, WORD.generation);
    try {
      work();
      for (let left = this.size - 1; left > 0; left = Atomics.load(words, WORD.pending)) {
        this.#whileEqual(WORD.pending, left);
      }
    } catch (error) {
      Atomics.store(words, WORD.failed, 1);
      throw error;
    }
  }

  /** A worker's side: do jobs as they come, asleep in between, until the coordinator calls dismiss(). */
  serve(work: (opcode: number, args: Int32Array) => void): void {
    const words = this.#words;
    for (let done = 0; ; done++) {
      while (Atomics.load(words, WORD.generation) === done) this.#sleep(WORD.generation, done, Infinity);
      const opcode = words[WORD.opcode]!;
      if (opcode === EXIT) return;
      try {
        work(opcode, words.slice(ARGUMENTS, ARGUMENTS + MAX_ARGUMENTS));
      } catch (error) {
        Atomics.store(words, WORD.failed, 1);
        throw error;
      }
      Atomics.sub(words, WORD.pending, 1);
      Atomics.notify(words, WORD.pending);
    }
  }

  /** Let every worker return from serve(). */
  dismiss(): void {
    this.#words[WORD.opcode] = EXIT;
    Atomics.add(this.#words, WORD.generation, 1);
    Atomics.notify(this.#words, WORD.generation);
  }

  #whileEqual(word: number, value: number): void {
    while (Atomics.load(this.#words, word) === value) {
      if (Atomics.load(this.#words, WORD.failed) !== 0) {
        throw new LstmkitError(
          "THREAD_FAILED",
          "a thread of the team has failed; close this runtime and create another.",
        );
      }
      this.#sleep(word, value, PATIENCE);
    }
  }

  #sleep(word: number, value: number, timeout: number): void {
    for (let spin = 0; spin < SPINS; spin++) {
      if (Atomics.load(this.#words, word) !== value) return;
    }
    Atomics.wait(this.#words, word, value, timeout);
  }
}
