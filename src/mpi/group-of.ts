/**
 * A group of ranks over any transport: what has to be the same is compared, what one rank meets with all hear, and a step's
 * shards become the sum over all of them, in their order.
 */
import { LstmkitError } from "../errors.ts";
import type { GroupStep } from "../model/group-step.ts";
import { show } from "../options.ts";
import type { CheckpointStore } from "../train/checkpoint.ts";
import type { Group } from "../train/group.ts";

/** Bytes in memory that may move while one waits: ask for them anew then. */
export type View = () => Uint8Array;

/** How ranks reach each other. All of them make the same calls in the same order; a call ends when its bytes are there. */
export interface Transport {
  readonly rank: number;
  readonly size: number;
  /** Of bytes that all ranks have, rank r has filled in those from at[r] to below at[r + 1]: then all has everything. */
  gather(bytes: View, at: readonly number[]): void | Promise<void>;
  /** Bytes of rank `from` to all others. */
  broadcast(bytes: View, from: number): void | Promise<void>;
  /** To one rank, which receives as many. */
  send(bytes: View, to: number): void | Promise<void>;
  receive(bytes: View, from: number): void | Promise<void>;
}

/**
 * A group over a transport of one's own. What that throws, calls of the group reject with as GROUP_FAILED.
 *
 * @throws BAD_ARGUMENT for what is no transport
 */
export function groupOf(transport: Transport): Group {
  const own = Object(transport) as Record<string, unknown>;
  const { rank, size } = own as { rank: number; size: number };
  const isPlace = Number.isInteger(rank) && Number.isInteger(size) && rank >= 0 && rank < size;
  if (
    isPlace &&
    ["gather", "broadcast", "send", "receive"].every((name) => typeof own[name] === "function")
  ) {
    return new RankedGroup(transport);
  }
  throw new LstmkitError(
    "BAD_ARGUMENT",
    `groupOf() was given ${show(transport)}; wanted an object with a whole number rank below size, and the functions gather, ` +
      "broadcast, send and receive.",
  );
}

/** The points where ranks meet; a rank that has failed meets the others wherever they are. */
const POINTS = { compare: 1, meet: 2, exchange: 3, store: 4 } as const;
type Point = keyof typeof POINTS;

/** Numbers that each rank brings to a meeting: where it is, how it goes on, and one to compare or to tell. */
const WORD = 3;
const STATUS = { goes: 0, stops: 1, aborted: 2, failed: 3 } as const;

/** Bytes of the sum that go along the chain at a time: what one rank adds while the next adds those before. */
const SLICE = 128 * 1024;
/** Rows of fewer bytes go together in one message. */
const SMALL = 64 * 1024;
/** Bytes of what a rank says of its failure. */
const REASON = 1024;

class RankedGroup implements Group {
  readonly rank: number;
  readonly size: number;
  readonly #transport: Transport;
  /** What all ranks know of already. */
  readonly #shared = new WeakSet<object>();
  /** Stores that are of all ranks as they stand. */
  readonly #stores = new WeakSet<CheckpointStore>();
  /** A rank cannot be reached: nothing goes on. */
  #broken = false;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.rank = transport.rank;
    this.size = transport.size;
  }

  async compare(facts: Readonly<Record<string, string>>): Promise<void> {
    const own = new TextEncoder().encode(JSON.stringify(facts));
    const words = await this.#words("compare", STATUS.goes, own.length);
    const gone = words.findIndex(({ status }) => status === STATUS.stops);
    if (gone >= 0) throw this.#tell("ABORTED", `rank ${gone} was stopped before.`);
    const at = startsOf(words.map(({ value }) => value));
    const bytes = new Uint8Array(at.at(-1)!);
    bytes.set(own, at[this.rank]);
    await this.#gather(() => bytes, at);
    const all = words.map((_, r) => {
      const text = new TextDecoder().decode(bytes.subarray(at[r], at[r + 1]));
      return JSON.parse(text) as Record<string, string>;
    });
    const names = [...new Set(all.flatMap(Object.keys))];
    const differing = names.flatMap((name) => {
      const values = all.map((one) => one[name] ?? "not known");
      const other = values.findIndex((value) => value !== values[0]);
      return other < 0
        ? []
        : [`${name}: ${clip(values[0]!)} on rank 0, ${clip(values[other]!)} on rank ${other}`];
    });
    if (differing.length === 0) return;
    throw this.#tell(
      "GROUP_DIFFERS",
      `the ranks do not train the same: ${differing.join("; ")}. Give all of them the same data, layers and options, and the ` +
        "same lstmkit.",
    );
  }

  async meet(stops: boolean, check = 0): Promise<boolean> {
    const words = await this.#words("meet", stops ? STATUS.stops : STATUS.goes, check);
    if (words.some(({ status }) => status === STATUS.stops)) return true;
    this.#same(
      words,
      "the weights or the steps taken",
      "A callback that changes a model has to be on all of them.",
    );
    return false;
  }

  async exchange(step: GroupStep): Promise<boolean> {
    const words = await this.#words("exchange", STATUS.goes, step.check ?? 0);
    if (words.some(({ status }) => status === STATUS.stops)) return true;
    this.#same(words, "the batch's data", "Give all of them the same batches in the same order.");
    await this.#rows(step);
    if (step.floats > 0) await this.#sum(step);
    return false;
  }

  async fail(error: unknown): Promise<void> {
    if (this.#broken || this.#shared.has(Object(error))) return;
    const isAborted = error instanceof LstmkitError && error.code === "ABORTED";
    try {
      await this.#words(
        null,
        isAborted ? STATUS.aborted : STATUS.failed,
        0,
        String((error as Error)?.message ?? error),
      );
    } catch {} // the others' errors are theirs
  }

  store(own: CheckpointStore): CheckpointStore {
    if (this.#stores.has(own)) return own;
    const isFirst = this.rank === 0;
    const shared: CheckpointStore = {
      read: async () => {
        const kept = isFirst ? await own.read() : [];
        const [first] = await this.#words("store", STATUS.goes, kept.length);
        const all: Uint8Array[] = [];
        for (let i = 0; i < first!.value; i++) {
          const length = new Float64Array([kept[i]?.length ?? 0]);
          await this.#broadcast(() => new Uint8Array(length.buffer), 0);
          const bytes = isFirst ? kept[i]! : new Uint8Array(length[0]!);
          await this.#broadcast(() => bytes, 0);
          all.push(bytes);
        }
        return all;
      },
      write: async (checkpoint) => {
        if (isFirst) await own.write(checkpoint);
      },
      clear: async () => {
        if (isFirst) await own.clear();
      },
      ...(isFirst && own.lock && { lock: () => own.lock!() }),
    };
    this.#stores.add(shared);
    return shared;
  }

  /** Rows that samples leave: those of few bytes together. */
  async #rows({ rows, cut }: GroupStep): Promise<void> {
    const all = rows.map(({ view, shard }) => ({
      view,
      at: cut.map((n) => Math.min(view().length, n * shard)),
    }));
    for (const { view, at } of all) if (at.at(-1)! > SMALL) await this.#gather(view, at);
    const small = all.filter(({ at }) => at.at(-1)! <= SMALL);
    const starts = startsOf(
      cut.slice(1).map((_, r) => small.reduce((sum, { at }) => sum + at[r + 1]! - at[r]!, 0)),
    );
    const packed = new Uint8Array(starts.at(-1)!);
    const each = (r: number, work: (own: Uint8Array, from: number) => void) => {
      let from = starts[r]!;
      for (const { view, at } of small) {
        const own = view().subarray(at[r], at[r + 1]);
        work(own, from);
        from += own.length;
      }
    };
    each(this.rank, (own, from) => packed.set(own, from));
    await this.#gather(() => packed, starts);
    for (let r = 0; r < this.size; r++) {
      if (r !== this.rank) each(r, (own, from) => own.set(packed.subarray(from, from + own.length)));
    }
  }

  /**
   * The sum over shards in their order: slice by slice it goes along the ranks that have some, each of which adds its own.
   * The last has it whole, and gives it to all.
   */
  async #sum({ cut, floats, partial, sum }: GroupStep): Promise<void> {
    const members = cut.slice(1).flatMap((end, r) => (end > cut[r]! ? [r] : []));
    const place = members.indexOf(this.rank);
    const last = members.at(-1)!;
    if (place >= 0) {
      const [first, end] = [cut[this.rank]!, cut[this.rank + 1]!];
      const [before, next] = [members[place - 1], members[place + 1]];
      for (let from = 0; from < floats; from += SLICE / 4) {
        const n = Math.min(SLICE / 4, floats - from);
        // What comes from before stands where the shard before ours would.
        if (before !== undefined) await this.#receive(() => partial(first - 1, from, n), before);
        sum(before === undefined ? first : first - 1, end, from, n);
        if (next !== undefined) await this.#send(() => partial(0, from, n), next);
      }
    }
    await this.#broadcast(() => partial(0, 0, floats), last);
  }

  /** @param point null for a rank that fails, wherever the others are. @throws what the others have met with */
  async #words(point: Point | null, status: number, value: number, reason = ""): Promise<Word[]> {
    const numbers = new Float64Array(this.size * WORD);
    numbers.set([point ? POINTS[point] : 0, status, value], this.rank * WORD);
    const every = (bytes: number) => Array.from({ length: this.size + 1 }, (_, r) => r * bytes);
    await this.#gather(() => new Uint8Array(numbers.buffer), every(WORD * 8));
    const words = Array.from({ length: this.size }, (_, r) => {
      const [point, status, value] = numbers.subarray(r * WORD, (r + 1) * WORD);
      return { point: point!, status: status!, value: value! };
    });
    if (words.some(({ status }) => status >= STATUS.aborted)) {
      const texts = new Uint8Array(this.size * REASON);
      new TextEncoder().encodeInto(reason, texts.subarray(this.rank * REASON, (this.rank + 1) * REASON));
      await this.#gather(() => texts, every(REASON));
      const failed = words.findIndex(({ status }) => status === STATUS.failed);
      const rank = failed >= 0 ? failed : words.findIndex(({ status }) => status === STATUS.aborted);
      const text = new TextDecoder()
        .decode(texts.subarray(rank * REASON, (rank + 1) * REASON))
        .replace(/\0+$/, "");
      throw failed >= 0
        ? this.#tell("GROUP_FAILED", `rank ${rank} has ended: ${text}`)
        : this.#tell("ABORTED", `rank ${rank} was stopped; the weights keep what was learnt so far.`);
    }
    if (
      words.every(({ status }) => status === STATUS.goes) &&
      words.some(({ point }) => point !== words[0]!.point)
    ) {
      throw this.#tell(
        "GROUP_DIFFERS",
        "the ranks are not at the same point of their fits. Give all of them the same data and options, and callbacks that " +
          "end a fit alike.",
      );
    }
    return words;
  }

  #same(words: readonly Word[], what: string, remedy: string): void {
    const other = words.findIndex(({ value }) => !Object.is(value, words[0]!.value));
    if (other < 0) return;
    throw this.#tell("GROUP_DIFFERS", `${what} of rank ${other} are not those of rank 0. ${remedy}`);
  }

  /** An error that all ranks have at once. */
  #tell(code: "GROUP_DIFFERS" | "GROUP_FAILED" | "ABORTED", message: string): LstmkitError {
    const error = new LstmkitError(code, message);
    this.#shared.add(error);
    return error;
  }

  #gather(bytes: View, at: readonly number[]) {
    return this.#reach(() => this.#transport.gather(bytes, at));
  }

  #broadcast(bytes: View, from: number) {
    return this.#reach(() => this.#transport.broadcast(bytes, from));
  }

  #send(bytes: View, to: number) {
    return this.#reach(() => this.#transport.send(bytes, to));
  }

  #receive(bytes: View, from: number) {
    return this.#reach(() => this.#transport.receive(bytes, from));
  }

  async #reach(work: () => void | Promise<void>): Promise<void> {
    try {
      if (this.#broken) throw new Error("a rank could not be reached before");
      await work();
    } catch (cause) {
      this.#broken = true;
      throw new LstmkitError(
        "GROUP_FAILED",
        `the other ranks cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}. Begin all of them anew; ` +
          "a fit with checkpoints goes on with resume.",
        { cause },
      );
    }
  }
}

interface Word {
  readonly point: number;
  readonly status: number;
  readonly value: number;
}

/** Where parts of these lengths begin, one behind the other, and where the last ends. */
function startsOf(lengths: readonly number[]): number[] {
  const starts = [0];
  for (const length of lengths) starts.push(starts.at(-1)! + length);
  return starts;
}

const clip = (text: string) => (text.length > 200 ? `${text.slice(0, 200)}…` : text);
