/** The network of a detector: what comes next, by absolute errors, which odd values pull less. */
import {
  type Callback,
  dense,
  earlyStopping,
  type Layer,
  lstm,
  type Model,
  type Runtime,
  type StagedRun,
} from "../../index.ts";
import { batchesOf, featuresOf, type Places, spread, type Watched } from "./windows.ts";

/** Told after each epoch. */
export interface DetectProgress {
  /** From 0, and how many there are at most. */
  readonly epoch: number;
  readonly epochs: number;
  /** Mean absolute errors, in units of the series: of training, and of the validation part. */
  readonly loss: number;
  readonly valLoss: number;
  /** The lowest so far: these weights are kept. */
  readonly isBest: boolean;
  readonly seconds: number;
}

/** How to learn. */
export interface LearnSettings {
  readonly window: number;
  readonly units: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly patience: number;
  readonly learningRate: number;
  /** Of the learning rate, at the end. */
  readonly lastRate: number;
  readonly seed: number;
}

/** Windows of an epoch at most, another sample each; and of the validation part. */
const [MOST_TRAINED, MOST_VALIDATED] = [20_000, 5_000];

export function layersOf(
  { window, units }: Pick<LearnSettings, "window" | "units">,
  calendar: number,
): Layer[] {
  return [
    lstm({ units, inputShape: [window, featuresOf(calendar)] }),
    dense({ units, activation: "relu" }),
    dense({ units: 1 }),
  ];
}

/** Train; the model has the weights of its best epoch. @throws ABORTED */
export async function learn(
  kit: Runtime,
  series: readonly Watched[],
  parts: { readonly train: Places; readonly validation: Places },
  settings: LearnSettings,
  hooks: {
    readonly signal?: AbortSignal;
    readonly onEpochEnd?: (progress: DetectProgress) => void | Promise<void>;
    readonly run: StagedRun;
  },
): Promise<{ model: Model; history: { loss: number[]; valLoss: number[] }; bestEpoch: number }> {
  const { window, batchSize, epochs, patience, learningRate, lastRate, seed } = settings;
  const model = await kit.sequential(layersOf(settings, series[0]!.calendar.length), { seed });
  try {
    const train = Math.min(parts.train.length / 2, MOST_TRAINED);
    const decaySteps = Math.ceil(train / batchSize) * epochs;
    await model.compile({
      optimizer: {
        name: "adam",
        learningRate: {
          schedule: "cosineDecay",
          initialLearningRate: learningRate,
          decaySteps,
          alpha: lastRate,
        },
        globalClipnorm: 1,
      },
      loss: "meanAbsoluteError",
    });
    const validation = spread(parts.validation, MOST_VALIDATED);
    const stopping = earlyStopping({ monitor: "valLoss", patience, restoreBestWeights: true });
    let best = Number.POSITIVE_INFINITY;
    const teller: Callback = {
      async onEpochEnd(epoch, { loss, valLoss = Number.NaN, seconds }) {
        const isBest = valLoss < best;
        best = Math.min(best, valLoss);
        await hooks.onEpochEnd?.({ epoch, epochs, loss, valLoss, isBest, seconds });
      },
      getState: () => ({ values: { best } }),
      setState: ({ values }) => {
        best = Number(values.best);
      },
    };
    const { history } = await model.fit(
      batchesOf(series, parts.train, { window, batchSize, seed, most: MOST_TRAINED }),
      {
        epochs,
        validationData: batchesOf(series, validation, { window, batchSize: 256, most: MOST_VALIDATED }),
        ...hooks.run.options("train", [stopping, teller]),
        ...(hooks.signal && { signal: hooks.signal }),
      },
    );
    return {
      model,
      history: { loss: history.loss ?? [], valLoss: history.valLoss ?? [] },
      bestEpoch: stopping.bestEpoch ?? 0,
    };
  } catch (error) {
    await model.dispose();
    throw error;
  }
}
