import { aFunction, checkOptions, trueOrFalse } from "../options.ts";
import type { Callback, EpochLogs } from "../train/model.ts";
import { Monitor, type MonitorOptions, monitorTable } from "./monitor.ts";
import { aFinite } from "./options.ts";

export interface CheckpointOptions extends MonitorOptions {
  /** Only an epoch that is better than all before it is saved, by what is monitored. Default false: every one is. */
  saveBestOnly?: boolean;
  /** With saveBestOnly: the first value has to be better than this, too. Default none. */
  initialValueThreshold?: number;
}

/** Takes the bytes of a model file. `epoch` counts from 0. */
export type SaveCheckpoint = (
  bytes: Uint8Array<ArrayBuffer>,
  epoch: number,
  logs: EpochLogs,
) => void | Promise<void>;

/** Options of `modelCheckpoint()`. */
export interface ModelCheckpointOptions extends CheckpointOptions {
  /** What is done with a model file; awaited. */
  save: SaveCheckpoint;
}

/** All but where to. */
export const checkpointTable = () => ({
  ...monitorTable(),
  saveBestOnly: { ...trueOrFalse, fallback: false },
  initialValueThreshold: { ...aFinite, fallback: undefined },
});

export const table = () => ({ ...checkpointTable(), save: aFunction });

/**
 * Gives the model's file away after every epoch, or after each that is the best so far: Keras's ModelCheckpoint. What
 * model.save() leaves out, the optimiser's state and the count of epochs, is not in it.
 *
 * @throws BAD_ARGUMENT; so does fit where no epoch logs what is monitored
 */
export function modelCheckpoint(options: ModelCheckpointOptions): Callback {
  const call = "modelCheckpoint()";
  const given = checkOptions<ModelCheckpointOptions, ReturnType<typeof table>>(call, options, table());
  const { save, saveBestOnly, initialValueThreshold = null } = given;
  const monitor = saveBestOnly ? new Monitor("modelCheckpoint", given) : null;
  let best: number | null = initialValueThreshold;
  return {
    onTrainBegin: (context) => monitor?.begin(context),
    getState: () => ({ values: { best } }),
    setState({ values }) {
      best = values.best as number | null;
    },
    async onEpochEnd(epoch, logs, { model }) {
      if (monitor) {
        const value = monitor.of(logs);
        if (value === undefined || !monitor.isBetter(value, best)) return;
        best = value;
      }
      await save(await model.save(), epoch, logs);
    },
  };
}
