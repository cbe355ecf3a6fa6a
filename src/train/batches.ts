/** Batches that come one by one: each is checked and copied as it comes, one ahead of the work. */
import { LstmkitError } from "../errors.ts";
import type { Batch } from "../model/batch.ts";
import { show } from "../options.ts";
import type { Pauses } from "./access.ts";
import type { Samples } from "./inputs.ts";
import type { Batches, BatchSequence, BatchSource, SampleBatch } from "./sample-batch.ts";

/** Whether it is batches and no data: arrays are data. */
export function isBatches(value: unknown): value is Batches {
  if (typeof value === "function" || isSource(value)) return true;
  if (typeof value !== "object" || value === null) return false;
  return !Array.isArray(value) && !ArrayBuffer.isView(value) && isSequence(value);
}

const isSequence = (value: unknown): value is BatchSequence =>
  typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);

/** Whether it can be begun anywhere. */
const isSource = (value: unknown): value is BatchSource =>
  typeof value === "object" && value !== null && typeof (value as BatchSource).begin === "function";

/** What batches say of themselves. */
export function factsOf(given: Batches): Pick<BatchSource, "batches" | "fingerprint"> {
  if (!isSource(given)) return {};
  const { batches, fingerprint } = given;
  return {
    ...(Number.isSafeInteger(batches) && Number(batches) > 0 && { batches: batches! }),
    ...(fingerprint !== undefined && { fingerprint: String(fingerprint) }),
  };
}

/** Options that say how arrays are cut into batches. @throws BAD_ARGUMENT for one that is given */
export function refuseOptionsOfArrays(
  call: string,
  options: object | undefined,
  names: readonly string[],
): void {
  const own = (options ?? {}) as Readonly<Record<string, unknown>>;
  const found = names.find((name) => own[name] !== undefined);
  if (found === undefined) return;
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `${call} was given ${found} beside batches, which come as they are. Leave it out: the batches say what is in each, in ` +
      "which order, and what samples count for ([x, y, sampleWeight]).",
  );
}

/**
 * What stands behind the first argument of a call: y and options, or behind batches, options alone.
 *
 * @throws BAD_ARGUMENT for targets beside batches
 */
export function behindData<O>(
  call: string,
  x: unknown,
  second: unknown,
  third: O | undefined,
): O | undefined {
  if (!isBatches(x)) return third;
  if (third === undefined) return second as O | undefined;
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `${call} was given ${show(second)} beside batches, which hold their targets; wanted ${call.slice(0, -1)}batches, options).`,
  );
}

type BatchIterator = Iterator<SampleBatch> | AsyncIterator<SampleBatch>;

/** A pass that was begun: `first` gives the batch that was asked for, and goes there before. */
export interface BegunPass {
  readonly iterator: BatchIterator;
  /** @param goesOn false once nobody waits any more. @throws BAD_CHECKPOINT where the pass ends before */
  first(goesOn: () => boolean): Promise<IteratorResult<SampleBatch>>;
}

/**
 * Begin a pass through batches.
 *
 * @param of in messages. @param from the batch that is wanted first
 * @throws BAD_ARGUMENT; what a function of the caller's throws
 */
export function beginPass(given: Batches, pass: number, of: string, from = 0): BegunPass {
  const seeks = isSource(given);
  const sequence = seeks ? given.begin(pass, from) : typeof given === "function" ? given(pass) : given;
  if (!isSequence(sequence)) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `the ${seeks ? "source" : "function"} of batches${of} gave ${show(sequence)}; wanted an iterable of [x, y].`,
    );
  }
  const iterator =
    Symbol.asyncIterator in sequence ? sequence[Symbol.asyncIterator]() : sequence[Symbol.iterator]();
  return {
    iterator,
    async first(goesOn) {
      for (let taken = 0; !seeks && taken < from && goesOn(); taken++) {
        if (!(await iterator.next()).done) continue;
        throw new LstmkitError(
          "BAD_CHECKPOINT",
          `pass ${pass} through the batches${of} has ${taken}; the run that goes on had taken ${from}. Give the ` +
            "same batches as it had, or begin anew without resume.",
        );
      }
      return iterator.next();
    },
  };
}

/** What an iterable gave, if it is a batch. @throws BAD_ARGUMENT */
export function asBatch(value: unknown, number: number, of: string): SampleBatch {
  if (Array.isArray(value) && (value.length === 2 || value.length === 3)) return value as never;
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `batch ${number}${of} is ${show(value)}; wanted [x, y], or [x, y, sampleWeight].`,
  );
}

/** Have an iterator clean up. Nobody waits for that, and there is nobody left to tell. */
export function endPass(iterator: Iterator<unknown> | AsyncIterator<unknown> | null | undefined): void {
  const end = async () => void (await iterator?.return?.());
  end().catch(() => {});
}

type Check = (batch: SampleBatch, suffix: string) => Samples;

/** Where a call is in its batches: a pass, and what was taken of it. */
export interface FeedPlace {
  readonly pass: number;
  readonly taken: number;
}

/** Batches of a call, pass by pass. */
export class Feed {
  readonly #given: Batches;
  readonly #check: Check;
  /** In messages, behind "batch 3". */
  readonly #of: string;
  /** In a pass, and what tells them from others; where the caller says so. */
  readonly facts: Pick<BatchSource, "batches" | "fingerprint">;
  #passes = 0;
  #iterator: BatchIterator | null = null;
  /** The batch that was asked for and not yet taken. */
  #next: Promise<IteratorResult<SampleBatch>> | null = null;
  /** Of this pass. */
  #taken = 0;

  constructor(given: Batches, check: Check, of = "") {
    this.#given = given;
    this.#check = check;
    this.#of = of;
    this.facts = factsOf(given);
  }

  /**
   * The next batch of the pass; of another pass where there is none under way.
   *
   * @throws BAD_ARGUMENT where a pass has no batches; what the check and the caller's own code throw
   */
  async take(until: Pauses["until"]): Promise<Samples> {
    if (await this.ended(until)) this.close();
    this.#next ??= this.#begin();
    const { done, value } = await this.#peek(until);
    if (done) throw this.#none();
    const samples = this.#check(asBatch(value, this.#taken, this.#of), ` of batch ${this.#taken}${this.#of}`);
    this.#taken++;
    this.#next = this.#advance();
    return samples;
  }

  /** Whether the pass has no batch behind those taken. */
  async ended(until: Pauses["until"]): Promise<boolean> {
    return this.#next !== null && this.#taken > 0 && (await this.#peek(until)).done === true;
  }

  /** End the pass that is under way. */
  close(): void {
    const iterator = this.#iterator;
    this.#iterator = null;
    this.#next = null;
    this.#taken = 0;
    endPass(iterator);
  }

  /** The pass under way, or the next, and the batches taken of it. */
  get place(): FeedPlace {
    return this.#next ? { pass: this.#passes - 1, taken: this.#taken } : { pass: this.#passes, taken: 0 };
  }

  /** Go on from a place. @throws BAD_CHECKPOINT where there are fewer batches */
  async seek({ pass, taken }: FeedPlace, until: Pauses["until"]): Promise<void> {
    this.#passes = pass;
    if (taken === 0) return;
    this.#next = this.#begin(taken);
    await this.#peek(until);
  }

  #begin(from = 0): Promise<IteratorResult<SampleBatch>> {
    const { iterator, first } = beginPass(this.#given, this.#passes++, this.#of, from);
    this.#iterator = iterator;
    this.#taken = from;
    return seenLater(first(() => this.#iterator === iterator));
  }

  #advance(): Promise<IteratorResult<SampleBatch>> {
    return seenLater((async () => this.#iterator!.next())());
  }

  async #peek(until: Pauses["until"]): Promise<IteratorResult<SampleBatch>> {
    let found: IteratorResult<SampleBatch> | undefined;
    await until(
      this.#next!.then((result) => {
        found = result;
      }),
    );
    return found!;
  }

  #none(): LstmkitError {
    const again =
      this.#passes > 1
        ? " What a generator function gave can be gone through once: give the function itself, fit(batches), and not fit(batches())."
        : "";
    return new LstmkitError(
      "BAD_ARGUMENT",
      `pass ${this.#passes - 1} through the batches${this.#of} has none; wanted one at least.${again}`,
    );
  }
}

/** What goes wrong is seen where the batch is taken. */
function seenLater<T>(next: Promise<T>): Promise<T> {
  next.catch(() => {});
  return next;
}

/** The memory that batches are worked on in: that of the batch before, where the next one fits into it. */
export class Room {
  readonly #open: (data: Samples, size: number) => Batch;
  readonly #exact: boolean;
  #batch: Batch | null = null;
  #key = "";
  #size = 0;

  /** @param exact whether each has to have just as many samples as are loaded, as where states are kept */
  constructor(open: (data: Samples, size: number) => Batch, exact = false) {
    this.#open = open;
    this.#exact = exact;
  }

  /** For `size` samples like these. @throws OUT_OF_MEMORY */
  for(data: Samples, size: number): Batch {
    const key = [...data.T, data.weights !== null].join();
    const fits = key === this.#key && (this.#exact ? size === this.#size : size <= this.#size);
    if (this.#batch && fits) return this.#batch;
    this.free();
    this.#batch = this.#open(data, size);
    this.#key = key;
    this.#size = size;
    return this.#batch;
  }

  free(): void {
    this.#batch?.free();
    this.#batch = null;
  }
}
