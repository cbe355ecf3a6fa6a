/** Which sequences are for training, for validation and for the test. */
import type { SequenceSet } from "../../data/labelled/set.ts";
import { RandomState } from "../../data/random-state.ts";
import { deal } from "../../data/split.ts";

/** Places of sequences. */
export interface Parts {
  readonly kept: readonly number[];
  readonly apart: readonly number[];
}

/** What sequences with the same content have in common. */
export function contentKeys(set: SequenceSet): readonly string[] {
  return set.sequences.map((sequence) => {
    if (typeof sequence === "string") return sequence.normalize("NFC").replace(/\s+/g, " ").trim();
    return sequence instanceof Float64Array ? hashed(sequence) : sequence.join(" ");
  });
}

/** Two sums of 32 bits each, by FNV-1a's step with two primes: that they meet by chance costs a sequence its freedom alone. */
function hashed(values: Float64Array): string {
  const canonical = values.some(Number.isNaN)
    ? values.map((value) => (Number.isNaN(value) ? -1.5e300 : value))
    : values;
  const words = new Uint32Array(canonical.buffer, canonical.byteOffset, canonical.length * 2);
  let [a, b] = [0x811c9dc5, 0x9dc5811c];
  for (const word of words) {
    a = Math.imul(a ^ word, 0x01000193);
    a ^= a >>> 15;
    b = Math.imul(b ^ word, 0x85ebca6b);
    b ^= b >>> 13;
  }
  return `${values.length} ${a >>> 0} ${b >>> 0}`;
}

/** How parts are taken. */
export interface SplitBy {
  readonly share: number;
  readonly seed: number;
  /** Groups of a class that has fewer stay together, on the side that is kept. */
  readonly least: number;
}

/**
 * Sets a share of some sequences apart, of each stratum by itself, as near as whole groups allow. Sequences of one group
 * are on one side.
 *
 * @param places of the sequences
 * @param groups what each belongs to: its content, or what the data say
 * @param strata of each sequence a number, such as its class; one for all where classes are mixed within groups
 */
export function setApart(
  places: readonly number[],
  groups: readonly string[],
  strata: readonly number[],
  { share, seed, least }: SplitBy,
): Parts {
  const byGroup = new Map<string, number[]>();
  for (const i of places) {
    const own = byGroup.get(groups[i]!);
    if (own) own.push(i);
    else byGroup.set(groups[i]!, [i]);
  }
  const all = [...byGroup.values()];
  const shuffled = Array.from(new RandomState(seed).permutation(all.length), (g) => all[g]!);
  const byStratum = new Map<string, number[][]>();
  for (const group of shuffled) {
    // A group of several classes is dealt with those of the same ones.
    const stratum = [...new Set(group.map((i) => strata[i]!))].sort((a, b) => a - b).join();
    const own = byStratum.get(stratum);
    if (own) own.push(group);
    else byStratum.set(stratum, [group]);
  }
  const apart = new Set<number>();
  for (const own of byStratum.values()) {
    if (own.length < least) continue;
    const size = own.reduce((sum, { length }) => sum + length, 0);
    for (const group of deal(own, Math.round(size * share), 1)) for (const i of group) apart.add(i);
  }
  const inOrder = shuffled.flat();
  return { kept: inOrder.filter((i) => !apart.has(i)), apart: inOrder.filter((i) => apart.has(i)) };
}

/** A number for each sequence to deal it by: its class; of several labels the rarest; of steps the same for all. */
export function strataOf(labels: readonly Int32Array[], counts: readonly number[], kind: string): number[] {
  return labels.map((own) => {
    if (kind === "steps") return 0;
    return own.reduce((rarest, c) => (rarest < 0 || counts[c]! < counts[rarest]! ? c : rarest), -1);
  });
}
