/**
 * Threads that work on one job: they claim units of work, meet at barriers and raise a flag. A crew of
 * one does the same without any of it, so that the code of a job is written once.
 *
 * A thread can end in the midst of a job: by the system's hand, or by that of whoever has the worker. Nothing
 * in shared memory tells such a thread from one that is slow, or held by a debugger; an event does, and
 * events come to the coordinator's event loop. So the coordinator never waits for long without a turn of it.
 *
 * The words they meet on lie in the shared memory below the first block that is handed out.
 */
import { nextTurn } from "./clock.ts";

/** What a participant sees of the crew. */
export interface Crew {
  /** This participant's number; 0 is the coordinator. */
  readonly index: number;
  readonly size: number;
  /** The next unit of work that nobody has claimed since the job began: 0, 1, 2, … */
  claim(): number;
  /** Tell all that something is wrong; they see it after the next meeting. */
  raise(): void;
  readonly raised: boolean;
}

/** A participant's part in a job: it yields where all have to meet, and goes on when they have. */
export type Part = Generator<void, void, void>;

/** A crew of one, for a single job. */
export class Solo implements Crew {
  readonly index = 0;
  readonly size = 1;
  raised = false;
  #next = 0;

  claim(): number {
    return this.#next++;
  }

  raise(): void {
    this.raised = true;
  }

  run(part: Part): void {
    for (const _ of part);
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
/** Milliseconds that the coordinator waits at a stretch; a job that keeps it so long does not feel the turn. */
const STRETCH = 50;
/** Milliseconds between two looks of another thread at whether the job has been given up. */
const PATIENCE = 200;

/** Ends the loop of serve(). */
const EXIT = -1;

/** A participant of a crew on shared memory. */
export class SharedCrew implements Crew {
  readonly index: number;
  readonly size: number;
  readonly #words: Int32Array;
  /** Whole numbers below 2³²: among them are addresses. */
  readonly #arguments: Uint32Array;

  constructor(memory: WebAssembly.Memory, index: number, size: number) {
    this.#words = new Int32Array(memory.buffer, CONTROL_ADDRESS, ARGUMENTS);
    this.#arguments = new Uint32Array(memory.buffer, CONTROL_ADDRESS + ARGUMENTS * 4, MAX_ARGUMENTS);
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

  /**
   * The coordinator's side: have every participant do a job, and do it too. One job at a time; others may be
   * asked for meanwhile, since the event loop runs where a participant keeps this one waiting.
   *
   * @param part this participant's; what it throws is thrown
   * @returns false where another has failed: the job is given up then, and the crew is of no more use
   */
  async run(opcode: number, args: readonly number[], part: Part): Promise<boolean> {
    const words = this.#words;
    this.#arguments.set(args);
    words[WORD.opcode] = opcode;
    words[WORD.next] = 0;
    words[WORD.raised] = 0;
    Atomics.store(words, WORD.pending, this.size - 1);
    Atomics.add(words, WORD.generation, 1);
    Atomics.notify(words, WORD.generation);
    try {
      for (const _ of part) {
        if (!(await this.#attend(WORD.phase, this.#arrive()))) return false;
      }
    } catch (error) {
      this.fail();
      throw error;
    }
    for (let left = this.size - 1; left > 0; left = Atomics.load(words, WORD.pending)) {
      if (!(await this.#attend(WORD.pending, left))) return false;
    }
    return true;
  }

  /** Another participant's side: do jobs as they come, asleep in between, until the coordinator calls dismiss(). */
  serve(work: (opcode: number, args: Uint32Array) => Part): void {
    const words = this.#words;
    // The words are of 32 bits and begin again at the lowest number, and so does the count.
    for (let seen = 0; ; seen = (seen + 1) | 0) {
      while (Atomics.load(words, WORD.generation) === seen) this.#sleep(WORD.generation, seen, Infinity);
      const opcode = words[WORD.opcode]!;
      if (opcode === EXIT) return;
      let done = true;
      try {
        for (const _ of work(opcode, this.#arguments.slice())) {
          done = this.#meet();
          if (!done) break;
        }
      } catch (error) {
        this.fail();
        throw error;
      }
      if (!done) continue; // nobody waits for it
      Atomics.sub(words, WORD.pending, 1);
      Atomics.notify(words, WORD.pending);
    }
  }

  /** Tell all that a participant is lost. Whoever waits at a meeting gives up. */
  fail(): void {
    Atomics.store(this.#words, WORD.failed, 1);
    Atomics.notify(this.#words, WORD.phase);
    Atomics.notify(this.#words, WORD.pending);
  }

  /** Let every other participant return from serve(). */
  dismiss(): void {
    this.#words[WORD.opcode] = EXIT;
    Atomics.add(this.#words, WORD.generation, 1);
    Atomics.notify(this.#words, WORD.generation);
  }

  get #failed(): boolean {
    return Atomics.load(this.#words, WORD.failed) !== 0;
  }

  /** Come to a meeting; the last to come ends it. @returns the phase that it ends */
  #arrive(): number {
    const words = this.#words;
    const phase = Atomics.load(words, WORD.phase);
    if (Atomics.add(words, WORD.arrived, 1) + 1 === this.size) {
      Atomics.store(words, WORD.arrived, 0);
      Atomics.add(words, WORD.phase, 1);
      Atomics.notify(words, WORD.phase);
    }
    return phase;
  }

  /** The coordinator's wait for a word to change; false where a participant has failed instead. */
  async #attend(word: number, value: number): Promise<boolean> {
    for (;;) {
      this.#sleep(word, value, STRETCH);
      if (Atomics.load(this.#words, word) !== value) return true;
      await nextTurn();
      // The word is read again after the failure: see #meet().
      if (this.#failed && Atomics.load(this.#words, word) === value) return false;
    }
  }

  /**
   * Another participant's wait for all to come; false where the job is given up. A failure counts after the meeting too: the coordinator may have
   * seen it while somebody was still on the way, and given the job up.
   */
  #meet(): boolean {
    const phase = this.#arrive();
    while (!this.#failed && Atomics.load(this.#words, WORD.phase) === phase) {
      this.#sleep(WORD.phase, phase, PATIENCE);
    }
    return !this.#failed;
  }

  #sleep(word: number, value: number, timeout: number): void {
    for (let spin = 0; spin < SPINS; spin++) {
      if (Atomics.load(this.#words, word) !== value) return;
    }
    Atomics.wait(this.#words, word, value, timeout);
  }
}
