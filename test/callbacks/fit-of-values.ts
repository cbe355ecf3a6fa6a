/** Callbacks by themselves: told of a fit whose monitored values are given, and what they have done to it. */
import type { Callback, FitContext, Model, NamedTensor } from "../../src/index.ts";
import { type GoldenFamily, golden } from "../fixtures/goldens.ts";

/** What Keras was run on. */
interface Case {
  readonly options: Readonly<Record<string, unknown>> & { readonly monitor?: string };
  /** Epoch by epoch; null where it logs none. */
  readonly values: readonly (number | null)[];
}

export const kerasCases = <C>(family: GoldenFamily): (Case & C)[] =>
  JSON.parse(golden(family).label("cases")) as (Case & C)[];

export const METRICS = ["loss", "accuracy", "valLoss", "valAccuracy"];

export interface Told {
  /** Epochs that were trained. */
  readonly epochs: number;
  readonly stopped: boolean;
  /** The one weight of the model: the number of the epoch, or what it was given since. */
  readonly weight: number;
  /** The learning rate after each epoch. */
  readonly rates: readonly number[];
}

/** A fit of a model with one weight, which is the number of the epoch. */
export async function fitOfValues(callback: Callback, { options, values }: Case, rate = 0.1): Promise<Told> {
  const { monitor = "valLoss" } = options;
  const state = { stopped: false, weight: -1, rate };
  const weights = (): NamedTensor[] => [{ name: "w", shape: [1], data: Float32Array.of(state.weight) }];
  const context: FitContext = {
    model: {
      getWeights: async () => weights(),
      save: async () => Uint8Array.of(state.weight),
    } as Partial<Model> as Model,
    metrics: METRICS,
    get learningRate() {
      return state.rate;
    },
    stop: () => {
      state.stopped = true;
    },
    setLearningRate: async (to) => {
      state.rate = to;
    },
    setWeights: async ([first]) => {
      state.weight = first!.data[0]!;
    },
  };
  const rates: number[] = [];
  await callback.onTrainBegin?.(context);
  for (const [epoch, value] of values.entries()) {
    state.weight = epoch;
    const logs = { loss: 1, ...(value !== null && { [monitor]: value }), seconds: 0.1 };
    await callback.onEpochEnd?.(epoch, logs, context);
    rates.push(state.rate);
    if (state.stopped) break;
  }
  await callback.onTrainEnd?.(context);
  return { epochs: rates.length, stopped: state.stopped, weight: state.weight, rates };
}
