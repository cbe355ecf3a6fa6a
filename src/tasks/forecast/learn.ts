/** The training of a network on a normalisation, and how forecasts are measured. */
import { now } from "../../clock.ts";
import type { CompileOptions, Model, NamedTensor, Runtime } from "../../index.ts";
import type { Breath } from "./breath.ts";
import type { ForecastHooks, ForecastProgress } from "./calls.ts";
import type { Frame } from "./frame.ts";
import { Cutter, compileOptions, layersOf, type Shape } from "./network.ts";
import { type Origins, type Stretches, thinned } from "./parts.ts";
import type { Scores } from "./report.ts";
import type { Ridge } from "./ridge.ts";
import { scoresOf, toOwnUnit } from "./scores.ts";
import type { Normalization } from "./settings.ts";
import type { Layout } from "./windows.ts";

/** What is learnt from. */
export interface Study {
  readonly kit: Runtime;
  /** Null where values are not above 0 throughout the training part. */
  readonly frames: { readonly plain: readonly Frame[]; readonly log: readonly Frame[] | null };
  readonly layout: Omit<Layout, "center">;
  /** Rows that have to be before an origin. */
  readonly needed: number;
  readonly stretches: Stretches;
  readonly train: Origins;
  readonly validation: Origins;
  readonly shape: Shape;
  readonly learningRate: number;
  readonly loss: CompileOptions["loss"];
  readonly batchSize: number;
  /** Windows that an epoch reads: all, or as many of them, others each time. */
  readonly perEpoch: number;
  readonly epochs: number;
  readonly patience: number;
  readonly seed: number;
  readonly hooks: ForecastHooks;
  readonly breath: Breath;
}

export const framesOf = ({ frames }: Pick<Study, "frames">, log: boolean) =>
  log ? frames.log! : frames.plain;

/** Windows of the validation part that a choice is made by. */
export const CHOOSE_BY = 4096;

/** What cuts the windows of a normalisation, and adds up forecasts of a ridge and a network. */
export const cutterOf = (
  study: Pick<Study, "frames" | "layout">,
  { center, log, linear = true }: Pick<Normalization, "center" | "log"> & { readonly linear?: boolean },
  ridge: Ridge,
  gain: number,
): Cutter =>
  new Cutter(framesOf(study, log), {
    layout: { ...study.layout, center },
    ridge: linear ? ridge : null,
    gain,
  });

/** Scores of forecasts in the scale of the frames. */
export async function measured(
  study: Pick<Study, "kit" | "frames" | "layout">,
  log: boolean,
  origins: Origins,
  said: Float64Array,
): Promise<Scores> {
  const { targets } = study.layout;
  const frames = framesOf(study, log);
  const own = await toOwnUnit(study.kit, frames, origins, said, { log, per: 1, targets });
  return scoresOf(frames, origins, own, targets);
}

/** One output of several of each step and target. */
export function outputOf(said: Float64Array, outputs: number, which: number): Float64Array {
  if (outputs === 1) return said;
  return Float64Array.from({ length: said.length / outputs }, (_, i) => said[i * outputs + which]!);
}

/** What a training has to remember beside its best weights. */
interface Remembered {
  readonly history: Trained["history"];
  readonly valLoss: number;
  readonly epoch: number;
}

/** A network that was trained. */
export interface Trained {
  readonly model: Model;
  readonly gain: number;
  readonly history: { readonly loss: number[]; readonly valLoss: number[] };
  readonly bestEpoch: number;
}

/**
 * Train a network on a normalisation. The weights are those of the lowest loss on the validation part; of before the first
 * epoch, where the network adds to a ridge and never made it better.
 */
export async function trainOne(
  study: Study,
  normalization: Normalization,
  ridge: Ridge | null,
  {
    stage,
    epochs,
    candidate,
    candidates,
  }: Pick<ForecastProgress, "stage" | "epochs" | "candidate" | "candidates">,
): Promise<Trained> {
  const { kit, breath, shape, hooks, batchSize, perEpoch, seed } = study;
  const layout = { ...study.layout, center: normalization.center };
  const frames = framesOf(study, normalization.log);
  const without = { layout, ridge: normalization.linear ? ridge : null, gain: 1 };
  const gain = await new Cutter(frames, without).sizeOf(thinned(study.train, CHOOSE_BY), breath);
  const cutters = [0, 1].map(() => new Cutter(frames, { ...without, gain })) as [Cutter, Cutter];
  const validation = thinned(study.validation, CHOOSE_BY);
  const toValidate = () => cutters[1].batches(validation, 256, null);
  const model = await kit.sequential(layersOf(layout, shape, normalization.linear), { seed });
  try {
    const batches = Math.ceil(perEpoch / batchSize);
    await model.compile(compileOptions(study.learningRate, epochs * batches, study.loss));
    const history = { loss: [] as number[], valLoss: [] as number[] };
    let best: { valLoss: number; epoch: number; weights: NamedTensor[] | null } = {
      valLoss: Infinity,
      epoch: 0,
      weights: null,
    };
    if (normalization.linear) {
      const { loss } = await model.evaluate(toValidate);
      best = { valLoss: loss, epoch: 0, weights: await model.getWeights() };
    }
    let began = now();
    let epochNumber = 0;
    await model.fit(cutters[0].shuffled(study.train, { batchSize, most: perEpoch, seed }), {
      epochs,
      validationData: toValidate,
      ...(hooks.signal && { signal: hooks.signal }),
      ...(hooks.onBatchEnd && {
        onBatchEnd: (batch, { loss }) =>
          hooks.onBatchEnd!({ stage, epoch: epochNumber, batch, batches, loss }),
      }),
      ...hooks.run.options(`${stage} ${candidate}`, [
        {
          getState: () => ({
            values: { history, valLoss: best.valLoss, epoch: best.epoch },
            ...(best.weights && { tensors: best.weights }),
          }),
          setState({ values, tensors = [] }) {
            const { history: before, valLoss, epoch } = values as unknown as Remembered;
            Object.assign(history, before);
            epochNumber = before.loss.length;
            best = { valLoss, epoch, weights: tensors.length > 0 ? [...tensors] : null };
          },
          async onEpochEnd(epoch, { loss, valLoss }, context) {
            epochNumber = epoch + 1;
            history.loss.push(loss);
            history.valLoss.push(valLoss!);
            const isBest = valLoss! < best.valLoss;
            if (isBest) best = { valLoss: valLoss!, epoch: epoch + 1, weights: await model.getWeights() };
            const seconds = (now() - began) / 1000;
            began = now();
            await hooks.onEpochEnd?.({
              ...{ stage, normalization, epoch, epochs, candidate, candidates },
              ...{ loss, valLoss: valLoss!, isBest, seconds },
            });
            if (epoch + 1 - best.epoch >= study.patience) context.stop();
          },
        },
      ]),
    });
    if (best.weights) await model.setWeights(best.weights);
    return { model, gain, history, bestEpoch: best.weights ? best.epoch : history.loss.length };
  } catch (error) {
    await model.dispose();
    throw error;
  }
}
