import { checkOptions, trueOrFalse, wholeNumber } from "../options.ts";
import type { NamedTensor } from "../tensor.ts";
import type { Callback } from "../train/model.ts";
import { Monitor, type MonitorOptions, monitorTable } from "./monitor.ts";
import { aFinite, anAmount } from "./options.ts";

export interface EarlyStoppingOptions extends MonitorOptions {
  /** An improvement by no more than this is none. Default 0. */
  minDelta?: number;
  /** Epochs without improvement after which the fit is stopped. Default 0, as Keras: at the first. */
  patience?: number;
  /** The patience begins again only with a value that is better than this, too. Default none. */
  baseline?: number;
  /**
   * At the end of the fit the model gets the weights of its best epoch, as they were measured: of an optimiser with
   * useEma in place of the moving average. Default false.
   */
  restoreBestWeights?: boolean;
  /** Epochs, the first of them, that are not looked at. Default 0. */
  startFromEpoch?: number;
}

/** What it has found, of the fit that runs or the last. */
export interface EarlyStopping extends Callback {
  /** Null before the first epoch that was looked at. Counts from 0. */
  readonly bestEpoch: number | null;
  /** The value there. */
  readonly best: number | null;
  /** The epoch after which it stopped the fit; null where it did not. */
  readonly stoppedEpoch: number | null;
}

interface Remembered {
  readonly wait: number;
  readonly best: number | null;
  readonly bestEpoch: number | null;
  readonly stoppedEpoch: number | null;
}

export const table = () => ({
  ...monitorTable(),
  minDelta: { ...anAmount, fallback: 0 },
  patience: { ...wholeNumber(0), fallback: 0 },
  baseline: { ...aFinite, fallback: undefined },
  restoreBestWeights: { ...trueOrFalse, fallback: false },
  startFromEpoch: { ...wholeNumber(0), fallback: 0 },
});

/**
 * Stops a fit once what it monitors no longer improves: Keras's EarlyStopping. The best weights are kept in this thread,
 * as model.getWeights() gives them, and put back when the fit ends, stopped or not.
 *
 * @throws BAD_ARGUMENT; so does fit where no epoch logs what is monitored
 */
export function earlyStopping(options?: EarlyStoppingOptions): EarlyStopping {
  const given = checkOptions<EarlyStoppingOptions, ReturnType<typeof table>>(
    "earlyStopping()",
    options,
    table(),
  );
  const { minDelta, patience, baseline, restoreBestWeights, startFromEpoch } = given;
  const monitor = new Monitor("earlyStopping", given);
  let wait = 0;
  let best: number | null = null;
  let bestEpoch: number | null = null;
  let bestWeights: NamedTensor[] | null = null;
  let stoppedEpoch: number | null = null;
  return {
    get best() {
      return best;
    },
    get bestEpoch() {
      return bestEpoch;
    },
    get stoppedEpoch() {
      return stoppedEpoch;
    },
    onTrainBegin(context) {
      monitor.begin(context);
      wait = 0;
      best = bestEpoch = bestWeights = stoppedEpoch = null;
    },
    getState: () => ({
      values: { wait, best, bestEpoch, stoppedEpoch },
      ...(bestWeights && { tensors: bestWeights }),
    }),
    setState({ values, tensors = [] }) {
      ({ wait, best, bestEpoch, stoppedEpoch } = values as unknown as Remembered);
      bestWeights = tensors.length > 0 ? [...tensors] : null;
    },
    async onEpochEnd(epoch, logs, { model, stop }) {
      const value = monitor.of(logs);
      if (value === undefined || epoch < startFromEpoch) return;
      wait++;
      if (monitor.isBetter(value, best, minDelta)) {
        [best, bestEpoch] = [value, epoch];
        if (restoreBestWeights) bestWeights = await model.getWeights();
        if (baseline === undefined || monitor.isBetter(value, baseline, minDelta)) wait = 0;
      } else if (wait >= patience && epoch > 0) {
        stoppedEpoch = epoch;
        stop();
      }
    },
    async onTrainEnd({ setWeights }) {
      if (bestWeights) await setWeights(bestWeights);
      bestWeights = null; // they may be large
    },
  };
}
