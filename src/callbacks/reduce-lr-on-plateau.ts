import { checkOptions, number, wholeNumber } from "../options.ts";
import type { Callback } from "../train/model.ts";
import { Monitor, type MonitorOptions, monitorTable } from "./monitor.ts";
import { anAmount } from "./options.ts";

export interface ReduceLROnPlateauOptions extends MonitorOptions {
  /** What the rate is multiplied by: above 0 and below 1. Default 0.1. */
  factor?: number;
  /** Epochs without improvement after which the rate is reduced. Default 10. */
  patience?: number;
  /** An improvement by no more than this is none. Default 1e-4. */
  minDelta?: number;
  /** Epochs after a reduction in which none without improvement is counted. Default 0. */
  cooldown?: number;
  /** The lowest rate. Default 0. */
  minLr?: number;
}

export const table = () => ({
  ...monitorTable(),
  factor: { ...number("above 0 and below 1", (n) => n > 0 && n < 1), fallback: 0.1 },
  patience: { ...wholeNumber(0), fallback: 10 },
  minDelta: { ...anAmount, fallback: 1e-4 },
  cooldown: { ...wholeNumber(0), fallback: 0 },
  minLr: { ...anAmount, fallback: 0 },
});

/**
 * Reduces the optimiser's learning rate when what it monitors no longer improves: Keras's ReduceLROnPlateau. A model
 * that is compiled with a schedule cannot have it.
 *
 * @throws BAD_ARGUMENT; so does fit where no epoch logs what is monitored
 */
export function reduceLROnPlateau(options?: ReduceLROnPlateauOptions): Callback {
  const call = "reduceLROnPlateau()";
  const given = checkOptions<ReduceLROnPlateauOptions, ReturnType<typeof table>>(call, options, table());
  const { factor, patience, minDelta, cooldown, minLr } = given;
  const monitor = new Monitor("reduceLROnPlateau", given);
  let best: number | null = null;
  let wait = 0;
  let cooling = 0;
  return {
    onTrainBegin(context) {
      monitor.begin(context);
      best = null;
      wait = cooling = 0;
    },
    getState: () => ({ values: { best, wait, cooling } }),
    setState({ values }) {
      ({ best, wait, cooling } = values as { best: number | null; wait: number; cooling: number });
    },
    async onEpochEnd(_, logs, { learningRate, setLearningRate }) {
      const value = monitor.of(logs);
      if (value === undefined) return;
      if (cooling > 0) {
        cooling--;
        wait = 0;
      }
      if (monitor.isBetter(value, best, minDelta)) {
        best = value;
        wait = 0;
      } else if (cooling === 0 && ++wait >= patience && learningRate > minLr) {
        await setLearningRate(Math.max(learningRate * factor, minLr));
        cooling = cooldown;
        wait = 0;
      }
    },
  };
}
