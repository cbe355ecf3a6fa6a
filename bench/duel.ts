/** A case: compare everyone's results, then time everyone in turn. */
import { type Case, flopOf } from "./cases.ts";
import type { Contender } from "./contenders.ts";
import type { Player } from "./player.ts";
import type { Check, Setup } from "./protocol.ts";

/** Of probabilities and losses: sums are in another order, transcendentals are others. */
const TOLERANCE = 2e-5;
/**
 * Keras and this package square an embedding's gradient place by place, the others after summing it
 * over the places of a token. So losses after a step are compared among those that do the same.
 */
const SQUARES_BY_PLACE = ["lstmkit", "beside", "keras"];
/** Of probabilities of a quantised model, which is another function of its inputs. */
const INT8_TOLERANCE = 0.05;

/** A step that would take longer than this, by the contender's own best rate, is not begun. */
const LONGEST_STEP_MS = 30_000;
/** A turn is about this long, so that its first step does not rule. */
const TURN_MS = 300;
const MOST_STEPS = 50;
const WARM_UP_MS = 1000;

export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, low: sorted[0]!, high: sorted.at(-1)!, count: sorted.length };
}

export interface Result {
  readonly contender: Contender;
  readonly name: string;
  /** Milliseconds. */
  readonly time: Spread;
  /** GFLOP/s of registers alone, measured in the same turns, where it was asked for. */
  readonly roofline?: number;
}

export interface NotTimed {
  readonly contender: Contender;
  readonly name: string;
  readonly why: string;
  /** Its results are wrong, or this package broke: the bench fails. */
  readonly isFailure: boolean;
}

export interface Outcome {
  readonly results: Result[];
  readonly notTimed: NotTimed[];
  /** Largest differences from the reference's results. */
  readonly gaps: { predictions: number; losses: number; int8: number };
}

export interface DuelOptions {
  readonly rounds: number;
  /** A contender gets fewer rounds where they would take longer than this, but one at least. */
  readonly budgetMs: number;
  readonly note: (text: string) => void;
}

/** @param players the first one's results are the reference, of those that do not compute in int8 */
export async function duel(
  work: Case,
  setup: Setup,
  players: readonly Player[],
  { rounds, budgetMs, note }: DuelOptions,
): Promise<Outcome> {
  const flop = flopOf(work);
  const outcome: Outcome = { results: [], notTimed: [], gaps: { predictions: 0, losses: 0, int8: 0 } };
  const losses = work.task === "infer" ? 0 : flop > 2e10 ? 1 : 3;
  const reference: Reference = { first: null, trained: new Map() };
  const ready: Turns[] = [];
  const leaveOut = ({ contender, name }: Player, why: string, isFailure: boolean) =>
    outcome.notTimed.push({ contender, name, why, isFailure });
  const broke = (player: Player, error: unknown) =>
    leaveOut(
      player,
      error instanceof Error ? error.message : String(error),
      player.contender.kind === "lstmkit",
    );
  // Those that are to be compared closely come first.
  const isInt8 = ({ contender }: Player) => contender.variant?.math === "int8";
  for (const player of players.toSorted((a, b) => Number(isInt8(a)) - Number(isInt8(b)))) {
    const expected = player.rate > 0 ? flop / player.rate : 0;
    if (expected > LONGEST_STEP_MS) {
      leaveOut(player, `it would take about ${(expected / 1000).toFixed(0)} s`, false);
      continue;
    }
    try {
      note(`${work.name}: ${player.name}`);
      await player.setup({ ...setup, dropout: 0 });
      const check = await player.check(losses);
      const wrong = compare(player.contender, check, reference, outcome.gaps);
      if (wrong) {
        leaveOut(player, wrong, true);
        continue;
      }
      if (setup.dropout > 0) await player.setup(setup);
      const step = await warmUp(player);
      player.rate = Math.max(player.rate, flop / step);
      const steps = Math.max(1, Math.min(MOST_STEPS, Math.round(TURN_MS / step)));
      const affordable = Math.max(1, Math.min(rounds, Math.floor(budgetMs / (steps * step))));
      ready.push({ player, steps, rounds: affordable, ms: [], rooflines: [] });
    } catch (error) {
      broke(player, error);
    }
  }
  for (let round = 0; round < rounds; round++) {
    note(`${work.name}: round ${round + 1} of ${rounds}`);
    for (const turns of ready.filter((one) => round < one.rounds)) {
      try {
        await takeTurn(turns, work);
      } catch (error) {
        broke(turns.player, error);
        ready.splice(ready.indexOf(turns), 1);
      }
    }
  }
  for (const { player, ms, rooflines } of ready) {
    const { contender, name } = player;
    const roofline = rooflines.length > 0 ? { roofline: spreadOf(rooflines).median } : {};
    outcome.results.push({ contender, name, time: spreadOf(ms), ...roofline });
  }
  return outcome;
}

/** A player's turns at a case, and what they gave. */
interface Turns {
  readonly player: Player;
  /** In a turn. */
  readonly steps: number;
  readonly rounds: number;
  readonly ms: number[];
  readonly rooflines: number[];
}

async function takeTurn({ player, steps, ms, rooflines }: Turns, { group }: Case): Promise<void> {
  const { kind, threads } = player.contender;
  ms.push(...(await player.run(steps)));
  if (kind === "lstmkit" && threads === 1 && group === "width") rooflines.push(await player.roofline());
}

/** What results are compared with: those of the first who gave any. */
interface Reference {
  first: Check | null;
  /** Losses, by whether squares are taken by place. */
  readonly trained: Map<boolean, readonly number[]>;
}

/** What is wrong with a contender's results; null where nothing is. */
function compare(
  { kind, variant }: Contender,
  check: Check,
  reference: Reference,
  gaps: Outcome["gaps"],
): string | null {
  const gapOf = (a: readonly number[], b: readonly number[]) =>
    a.length === b.length ? a.reduce((worst, x, i) => Math.max(worst, Math.abs(x - b[i]!)), 0) : Infinity;
  reference.first ??= check;
  const predictions = gapOf(check.predictions, reference.first.predictions);
  const isInt8 = variant?.math === "int8";
  if (!(predictions <= (isInt8 ? INT8_TOLERANCE : TOLERANCE)))
    return `predictions differ by ${predictions.toExponential(1)}`;
  const gap = isInt8 ? "int8" : "predictions";
  gaps[gap] = Math.max(gaps[gap], predictions);
  if (check.losses.length === 0) return null;
  const byPlace = SQUARES_BY_PLACE.includes(kind);
  const trained = reference.trained.get(byPlace) ?? check.losses;
  reference.trained.set(byPlace, trained);
  const losses = Math.max(
    gapOf(check.losses.slice(0, 1), reference.first.losses.slice(0, 1)),
    gapOf(check.losses, trained),
  );
  if (!(losses <= TOLERANCE)) return `losses differ by ${losses.toExponential(1)}`;
  gaps.losses = Math.max(gaps.losses, losses);
  return null;
}

/** @returns milliseconds of a step when warm; the first may be the tracing of a graph */
async function warmUp(player: Player): Promise<number> {
  let spent = 0;
  let step = 0;
  for (let steps = 1, turns = 0; spent < WARM_UP_MS || turns < 2; turns++) {
    const ms = await player.run(steps);
    spent += ms.reduce((a, b) => a + b, 0);
    step = spreadOf(ms).median;
    steps = Math.min(MOST_STEPS, steps * 2);
    if (steps * step > WARM_UP_MS) steps = 1;
  }
  return step;
}
