/** How far forecasts are from what came. */
import type { Frame, Kit } from "./frame.ts";
import type { Origins } from "./parts.ts";
import type { Scores } from "./report.ts";

/** Numbers in the scale of the frames become the data's own: (origins, steps · targets, per). @param log what the frames are on */
export async function toOwnUnit(
  kit: Kit,
  frames: readonly Frame[],
  origins: Origins,
  values: Float64Array,
  { log, per, targets }: { readonly log: boolean; readonly per: number; readonly targets: number },
): Promise<Float64Array> {
  const own = new Float64Array(values.length);
  const each = values.length / Math.max(1, origins.at.length);
  for (let i = 0; i < origins.at.length; i++) {
    const { scales } = frames[origins.series[i]!]!;
    for (let j = 0; j < each; j++) {
      const { mean, deviation } = (log ? scales.log! : scales.target)[Math.floor(j / per) % targets]!;
      own[i * each + j] = values[i * each + j]! * deviation + mean;
    }
  }
  return log ? kit.elementwise("exp", own) : own;
}

/** Sums of errors, of which scores are means. */
export class ErrorSums {
  #squares = 0;
  #standard = 0;
  #absolute = 0;
  #n = 0;

  /** @param deviation of the training part */
  add(error: number, deviation: number): void {
    this.#squares += error * error;
    this.#standard += (error / deviation) * (error / deviation);
    this.#absolute += Math.abs(error);
    this.#n++;
  }

  get scores(): Scores {
    return ErrorSums.of([this]);
  }

  /** Of all together, in their order. */
  static of(all: readonly ErrorSums[]): Scores {
    let [n, standard, absolute, squares] = [0, 0, 0, 0];
    for (const sums of all) {
      n += sums.#n;
      standard += sums.#standard;
      absolute += sums.#absolute;
      squares += sums.#squares;
    }
    n = Math.max(1, n);
    return { mse: standard / n, mae: absolute / n, rmse: Math.sqrt(squares / n) };
  }
}

/** Scores of forecasts in the data's own unit: (origins, steps · targets). @param step of one step alone; all where it is left out */
export function scoresOf(
  frames: readonly Frame[],
  origins: Origins,
  values: Float64Array,
  targets: number,
  step?: number,
): Scores {
  const sums = new ErrorSums();
  const each = values.length / Math.max(1, origins.at.length);
  for (let i = 0; i < origins.at.length; i++) {
    const { raw, scales } = frames[origins.series[i]!]!;
    const [from, to] = step === undefined ? [0, each] : [step * targets, (step + 1) * targets];
    for (let j = from; j < to; j++) {
      const k = j % targets;
      const actual = raw[k]![origins.at[i]! + Math.floor(j / targets)]!;
      sums.add(values[i * each + j]! - actual, scales.target[k]!.deviation);
    }
  }
  return sums.scores;
}
