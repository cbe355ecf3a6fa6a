import { aFunction, checkOptions, oneOf } from "../options.ts";
import type { Callback, Logs } from "../train/model.ts";
import { type EventOf, eventRecord, FIRST_EVENT } from "./event-file.ts";

/** TensorBoard shows training and validation as two runs. */
export type Run = "train" | "validation";

export interface TensorBoardUpdates {
  /**
   * `epoch`: a point for each epoch; `batch`: one for each batch besides, or for those that onBatchEnd is told of.
   * Default `epoch`.
   */
  updateFreq?: "epoch" | "batch";
}

/** Options of `tensorBoard()`. */
export interface TensorBoardOptions extends TensorBoardUpdates {
  /** Takes what is to be appended to the event file of a run; the first of a fit begins a new file. Awaited. */
  write: (bytes: Uint8Array<ArrayBuffer>, run: Run) => void | Promise<void>;
}

/** All but where to. */
export const updatesTable = () => ({
  updateFreq: { ...oneOf("epoch", "batch"), fallback: "epoch" as const },
});

export const table = () => ({ ...updatesTable(), write: aFunction });

/**
 * Writes event files for TensorBoard: of Keras's TensorBoard the scalars, under its names. `epoch_loss` and the like
 * are of epochs, in two runs, with `epoch_learning_rate` in that of training; `batch_loss` and the like are of batches,
 * which count on from epoch to epoch.
 *
 * @throws BAD_ARGUMENT
 */
export function tensorBoard(options: TensorBoardOptions): Callback {
  const given = checkOptions<TensorBoardOptions, ReturnType<typeof table>>("tensorBoard()", options, table());
  const { write, updateFreq } = given;
  const begun = new Set<Run>();
  let batchesBefore = 0;
  let batchesOfEpoch = 0;

  async function append(run: Run, ...events: readonly EventOf[]): Promise<void> {
    const seconds = Date.now() / 1000;
    const all = begun.has(run) ? events : [FIRST_EVENT, ...events];
    begun.add(run);
    const records = all.map((event) => eventRecord(seconds, event));
    await write(Uint8Array.from(records.flatMap((record) => [...record])), run);
  }

  return {
    onTrainBegin() {
      begun.clear();
      batchesBefore = batchesOfEpoch = 0;
    },
    getState: () => ({ values: { batchesBefore, batchesOfEpoch } }),
    setState({ values }) {
      batchesBefore = Number(values.batchesBefore);
      batchesOfEpoch = Number(values.batchesOfEpoch);
    },
    async onEpochEnd(epoch, { seconds: _, ...logs }, { learningRate, metrics }) {
      batchesBefore += batchesOfEpoch;
      const training = scalars("epoch", logs, (name) => !isOfValidation(name, metrics) && name);
      await append("train", {
        step: epoch,
        scalars: { ...training, epoch_learning_rate: learningRate },
      });
      const validation = scalars("epoch", logs, (name) => isOfValidation(name, metrics) && inTraining(name));
      if (Object.keys(validation).length > 0)
        await append("validation", { step: epoch, scalars: validation });
    },
    ...(updateFreq === "batch" && {
      async onBatchEnd(batch, { size: _, batches, ...logs }) {
        batchesOfEpoch = batches;
        const values = scalars("batch", logs, (name) => name);
        await append("train", { step: batchesBefore + batch, scalars: values });
      },
    }),
  };
}

/** `valLoss` → `loss`. */
const inTraining = (name: string) => name.charAt(3).toLowerCase() + name.slice(4);

const isOfValidation = (name: string, metrics: readonly string[]) =>
  /^val[A-Z]/.test(name) && metrics.includes(inTraining(name));

/** Those that have a tag, under `epoch_loss` and the like. */
function scalars(unit: "epoch" | "batch", logs: Logs, tagOf: (name: string) => string | false) {
  const tagged = Object.entries(logs).map(([name, value]) => [tagOf(name), value] as const);
  return Object.fromEntries(
    tagged.flatMap(([tag, value]) => (tag === false ? [] : [[`${unit}_${tag}`, value!]])),
  );
}
