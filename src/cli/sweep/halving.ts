/**
 * Successive halving (Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization",
 * AISTATS 2016), synchronous: all of a rung are done before any goes on, so that what goes on depends on results alone
 * and never on which came first.
 */

/** What a configuration reached; undefined where one of its trials failed. */
export interface Score {
  readonly number: number;
  readonly score: number | undefined;
}

/** Best first. Of equals the one with the smaller number; those that failed, or have NaN, last. */
export function ranked(scores: readonly Score[], goal: "minimize" | "maximize"): Score[] {
  const sign = goal === "minimize" ? 1 : -1;
  const worth = ({ score }: Score) => (score === undefined || Number.isNaN(score) ? Infinity : sign * score);
  return scores.toSorted((a, b) => {
    const [one, other] = [worth(a), worth(b)];
    if (one !== other) return one < other ? -1 : 1;
    return a.number - b.number;
  });
}

/** Those that go on: one of `factor`, rounded up, of those that did not fail. */
export function survivors(
  scores: readonly Score[],
  factor: number,
  goal: "minimize" | "maximize",
): readonly number[] {
  const count = Math.ceil(scores.length / factor);
  return ranked(scores, goal)
    .filter(({ score }) => score !== undefined && !Number.isNaN(score))
    .slice(0, count)
    .map(({ number }) => number);
}
