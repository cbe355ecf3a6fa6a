/** K-fold cross-validation: which samples are held out in which fold. */
import { LstmkitError } from "../errors.ts";
import { RandomState } from "./random-state.ts";

/** One of so many folds, from 1. */
export interface Fold {
  readonly fold: number;
  readonly of: number;
  /** Of the shuffle before the split: the same seed, the same folds. */
  readonly seed: number;
}

/** Places of samples. */
export interface FoldParts {
  readonly train: readonly number[];
  /** Held out: the fold. */
  readonly test: readonly number[];
}

/**
 * Stratified K-fold. Samples of one group, such as equal texts, stay in one fold; of each stratum every fold has its
 * share, as near as whole groups allow. Each sample is in exactly one of the k folds.
 *
 * @param groups of each sample. @param strata of each sample, such as its class
 * @throws BAD_DATASET where there are fewer groups than folds
 */
export function foldParts(
  groups: readonly string[],
  strata: readonly (string | number)[],
  { fold, of, seed }: Fold,
): FoldParts {
  const members = new Map<string, number[]>();
  groups.forEach((group, i) => {
    const own = members.get(group);
    if (own) own.push(i);
    else members.set(group, [i]);
  });
  if (members.size < of) {
    throw new LstmkitError(
      "BAD_DATASET",
      `${groups.length} samples, ${members.size} of them different, cannot be split into ${of} folds; wanted as many different ones at least. Give fewer folds, or more data.`,
    );
  }
  const all = [...members.values()];
  const shuffled = Array.from(new RandomState(seed).permutation(all.length), (g) => all[g]!);
  /** Samples that each fold has: of a stratum, and of all. */
  const sizes = new Map<string, number[]>();
  const totals = new Array<number>(of).fill(0);
  const foldOf = new Array<number>(groups.length);
  for (const own of shuffled) {
    const stratum = [...new Set(own.map((i) => String(strata[i])))].sort().join("\n");
    const has = sizes.get(stratum) ?? new Array<number>(of).fill(0);
    sizes.set(stratum, has);
    // Where its stratum is least; of those, where least is.
    let to = 0;
    for (let f = 1; f < of; f++) {
      if (has[f]! < has[to]! || (has[f] === has[to] && totals[f]! < totals[to]!)) to = f;
    }
    has[to]! += own.length;
    totals[to]! += own.length;
    for (const i of own) foldOf[i] = to;
  }
  const inOrder = shuffled.flat();
  return {
    train: inOrder.filter((i) => foldOf[i] !== fold - 1),
    test: inOrder.filter((i) => foldOf[i] === fold - 1),
  };
}
