/** Which texts are for training and which for the test. */
import { LstmkitError } from "../errors.ts";
import { RandomState } from "./random-state.ts";

/** Places of texts. */
export interface Parts {
  readonly train: readonly number[];
  readonly test: readonly number[];
}

export interface SplitOptions {
  readonly testSplit: number;
  readonly seed: number;
  readonly stratify: boolean;
}

/** Places of texts with the same words in the same order: at least one. */
type Group = readonly number[];

/**
 * Shuffles groups of equal texts, and gives whole groups to the test part until it has its share: with
 * `stratify` of each class by itself, else of all texts together.
 *
 * @param labels 0 or 1 for each text
 * @throws BAD_DATASET when a part would be empty
 */
export function splitTexts(
  tokens: readonly (readonly string[])[],
  labels: ArrayLike<number>,
  { testSplit, seed, stratify }: SplitOptions,
): Parts {
  const groups = groupsOf(tokens);
  const shuffled = Array.from(new RandomState(seed).permutation(groups.length), (g) => groups[g]!);
  const chosen = new Set(
    stratify
      ? stratified(shuffled, labels, testSplit)
      : fill(shuffled, Math.max(1, Math.round(tokens.length * testSplit))),
  );
  const train = shuffled.filter((group) => !chosen.has(group)).flat();
  const test = shuffled.filter((group) => chosen.has(group)).flat();
  if (train.length === 0 || test.length === 0) {
    const wanted = stratify ? "a class with two different texts at least" : "more";
    throw new LstmkitError(
      "BAD_DATASET",
      `${tokens.length} texts, ${groups.length} of them different, cannot be split into a training and a test part with testSplit ${testSplit}; wanted ${wanted}. Give more texts, or a test part of your own (test).`,
    );
  }
  return { train, test };
}

function groupsOf(tokens: readonly (readonly string[])[]): Group[] {
  const groups = new Map<string, number[]>();
  tokens.forEach((words, i) => {
    const key = words.join(" ");
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  });
  return [...groups.values()];
}

/**
 * Each class's share, as near as whole groups allow, and each class in both parts if it has two different
 * texts. Texts that were given both labels are dealt by themselves. A class of one text stays in training.
 */
function stratified(groups: readonly Group[], labels: ArrayLike<number>, share: number): Group[] {
  const pure: [Group[], Group[]] = [[], []];
  const mixed: Group[] = [];
  for (const group of groups) {
    const label = labels[group[0]!];
    if (group.some((i) => labels[i] !== label)) mixed.push(group);
    else pure[label === 1 ? 1 : 0].push(group);
  }
  const isShort = pure.some(({ length }) => length < 2);
  // Where both shares end in a half, one goes up and one down.
  const shares = pure.map((own) => sizeOf(own) * share) as [number, number];
  const test = [
    ...deal(pure[0], Math.round(shares[0]), 1),
    ...deal(pure[1], -Math.round(-shares[1]), 1),
    ...deal(mixed, Math.round(sizeOf(mixed) * share), isShort ? 1 : 0),
  ];
  const lone = pure.find(({ length }) => length === 1);
  if (mixed.length === 1 && lone) {
    // A class of two texts, one of which has the other label, too; this one, unless it is all the other class has.
    test.push(...(pure.every(({ length }) => length > 0) ? mixed : lone));
  }
  return test;
}

/** Of several groups those for the test: about `size` texts, `least` at least, and never all. */
export function deal(groups: readonly Group[], size: number, least: number): Group[] {
  if (groups.length < 2) return [];
  const wanted = Math.min(Math.max(least, size), sizeOf(groups) - 1);
  const chosen = fill(groups, wanted);
  return sizeOf(chosen) === wanted ? chosen : nearest(groups, wanted, least);
}

const sizeOf = (groups: readonly Group[]) => groups.reduce((size, group) => size + group.length, 0);

/** Groups in their order; one that would overshoot is left out, and a smaller one may still fit. */
function fill(groups: readonly Group[], wanted: number): Group[] {
  let size = 0;
  return groups.filter(({ length }) => {
    if (size + length > wanted) return false;
    size += length;
    return true;
  });
}

/**
 * Groups whose texts number as near to `wanted` as can be: sums of a bounded knapsack, size by size, in time
 * of sizes × texts. Needed only where no group of one text was left to fill up with, so sizes are few.
 */
function nearest(groups: readonly Group[], wanted: number, least: number): Group[] {
  const total = sizeOf(groups);
  const bySize = new Map<number, Group[]>();
  for (const group of groups) {
    const alike = bySize.get(group.length);
    if (alike) alike.push(group);
    else bySize.set(group.length, [group]);
  }
  /** Of the group that was added last to come to a sum; 0 for sums that are out of reach. */
  const last = new Int32Array(total);
  const used = new Int32Array(total);
  const isReached = (sum: number) => sum === 0 || last[sum]! > 0;
  for (const [size, { length }] of bySize) {
    used.fill(0);
    for (let sum = size; sum < total; sum++) {
      const before = sum - size;
      if (isReached(sum) || !isReached(before) || used[before] === length) continue;
      last[sum] = size;
      used[sum] = used[before]! + 1;
    }
  }
  const sums = Array.from(last, (_, sum) => sum).filter((sum) => sum >= least && isReached(sum));
  let sum = sums.reduce((best, next) => (Math.abs(next - wanted) < Math.abs(best - wanted) ? next : best));
  const taken = new Map<number, number>();
  for (; sum > 0; sum -= last[sum]!) taken.set(last[sum]!, (taken.get(last[sum]!) ?? 0) + 1);
  return [...bySize].flatMap(([size, alike]) => alike.slice(0, taken.get(size) ?? 0));
}
