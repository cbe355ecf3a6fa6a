/** What a forecaster learns: the normalisation, by ridges and short trainings; then the weights. */
import { now } from "../../clock.ts";
import type { CompileOptions, Model, NamedTensor, Runtime } from "../../index.ts";
import type { Breath } from "./breath.ts";
import type { ForecastFitOptions, ForecastProgress } from "./calls.ts";
import type { Frame, Kit } from "./frame.ts";
import { Cutter, compileOptions, layersOf, type Shape } from "./network.ts";
import { type Origins, thinned } from "./parts.ts";
import type { Candidate } from "./report.ts";
import { type Ridge, RidgeSums, ridgeCost } from "./ridge.ts";
import { scoresOf, toOwnUnit } from "./scores.ts";
import type { Center, Normalization } from "./settings.ts";
import { type Layout, Windows } from "./windows.ts";

/** What is learnt from. */
export interface Study {
  readonly kit: Runtime;
  /** Null where values are not above 0 throughout the training part. */
  readonly frames: { readonly plain: readonly Frame[]; readonly log: readonly Frame[] | null };
  readonly layout: Omit<Layout, "center">;
  readonly train: Origins;
  readonly validation: Origins;
  readonly shape: Shape;
  readonly learningRate: number;
  readonly loss: CompileOptions["loss"];
  readonly batchSize: number;
  readonly epochs: number;
  readonly patience: number;
  readonly seed: number;
  readonly hooks: ForecastFitOptions;
  readonly breath: Breath;
}

export const framesOf = ({ frames }: Pick<Study, "frames">, log: boolean) =>
  log ? frames.log! : frames.plain;

/** Shares of the number of windows that a ridge is tried with. */
const PENALTIES = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1];
/** Multiply-adds that a ridge may take to be learnt: some seconds. */
const MOST_WORK = 2e9;
/** Windows that a choice is made by. */
export const CHOOSE_BY = 4096;
/** Networks that are tried of those centers which do best by a ridge; and one more on top of the best ridge. */
const FINALISTS = 3;

/** A center with its best ridge. */
export interface Screened {
  readonly center: Center;
  readonly log: boolean;
  readonly ridge: Ridge;
  readonly mse: number;
}

/** The ridges of these normalisations, best first. Ties go to the one that comes first. */
export async function screen(
  study: Study,
  tried: readonly Pick<Normalization, "center" | "log">[],
): Promise<Screened[]> {
  const { kit, breath } = study;
  const found: Screened[] = [];
  for (const { center, log } of tried) {
    const layout = { ...study.layout, center };
    const frames = framesOf(study, log);
    const sums = new RidgeSums(layout);
    const most = Math.max(256, Math.floor(MOST_WORK / ridgeCost(layout)));
    await sums.add(new Windows(frames, layout), thinned(study.train, most), breath);
    let best: Screened | null = null;
    const validation = thinned(study.validation, CHOOSE_BY);
    for (const penalty of PENALTIES) {
      const ridge = await sums.solve(penalty, breath);
      const cutter = new Cutter(frames, { layout, ridge, gain: 1 });
      const said = await cutter.forecasts(null, validation, 1, breath);
      const { mse } = await measured(kit, frames, validation, said, { log, targets: layout.targets });
      if (best === null || mse < best.mse) best = { center, log, ridge, mse };
    }
    found.push(best!);
  }
  return found.sort((a, b) => a.mse - b.mse);
}

/** Scores of forecasts in the scale of the frames. */
export async function measured(
  kit: Kit,
  frames: readonly Frame[],
  origins: Origins,
  said: Float64Array,
  { log, targets }: { readonly log: boolean; readonly targets: number },
) {
  const own = await toOwnUnit(kit, frames, origins, said, { log, per: 1, targets });
  return scoresOf(frames, origins, own, targets);
}

/** One output of several of each step and target. */
export function outputOf(said: Float64Array, outputs: number, which: number): Float64Array {
  if (outputs === 1) return said;
  return Float64Array.from({ length: said.length / outputs }, (_, i) => said[i * outputs + which]!);
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
  const { kit, breath, shape, hooks, batchSize, seed } = study;
  const layout = { ...study.layout, center: normalization.center };
  const frames = framesOf(study, normalization.log);
  const without = { layout, ridge: normalization.linear ? ridge : null, gain: 1 };
  const gain = await new Cutter(frames, without).sizeOf(thinned(study.train, CHOOSE_BY), breath);
  const cutters = [0, 1].map(() => new Cutter(frames, { ...without, gain })) as [Cutter, Cutter];
  const validation = thinned(study.validation, CHOOSE_BY);
  const toValidate = () => cutters[1].batches(validation, 256, null);
  const model = await kit.sequential(layersOf(layout, shape, normalization.linear), { seed });
  try {
    const batches = Math.ceil(study.train.at.length / batchSize);
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
    await model.fit(cutters[0].shuffled(study.train, batchSize, seed), {
      epochs,
      validationData: toValidate,
      ...(hooks.signal && { signal: hooks.signal }),
      ...(hooks.onBatchEnd && {
        onBatchEnd: (batch, { loss }) =>
          hooks.onBatchEnd!({ stage, epoch: epochNumber, batch, batches, loss }),
      }),
      callbacks: [
        {
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
      ],
    });
    if (best.weights) await model.setWeights(best.weights);
    return { model, gain, history, bestEpoch: best.weights ? best.epoch : history.loss.length };
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

/**
 * Which normalisation to train on: short trainings of the centers that did best by a ridge, and of a network on top of the
 * best ridge. The lowest mean squared error on the validation part wins.
 *
 * @param screened best first
 */
export async function search(
  study: Study,
  screened: readonly Screened[],
  output: number,
): Promise<Candidate[]> {
  const centers = screened.filter(
    ({ center }, i) => screened.findIndex((other) => other.center === center) === i,
  );
  const finalists = [
    { ...screened[0]!, linear: true },
    ...centers.slice(0, FINALISTS).map((one) => ({ ...one, linear: false })),
  ];
  const epochs = Math.max(2, Math.ceil(study.epochs / 6));
  const tried: Candidate[] = [];
  for (const [candidate, { center, log, linear, ridge, mse }] of finalists.entries()) {
    const normalization = { center, log, linear };
    const candidates = finalists.length;
    const trained = await trainOne(study, normalization, ridge, {
      stage: "search",
      epochs,
      candidate,
      candidates,
    });
    try {
      const layout = { ...study.layout, center };
      const frames = framesOf(study, log);
      const cutter = new Cutter(frames, { layout, ridge: linear ? ridge : null, gain: trained.gain });
      const validation = thinned(study.validation, CHOOSE_BY);
      const { outputs } = study.shape;
      const said = await cutter.forecasts(
        trained.model,
        validation,
        outputs,
        study.breath,
        study.hooks.signal,
      );
      const scores = await measured(study.kit, frames, validation, outputOf(said, outputs, output), {
        log,
        targets: layout.targets,
      });
      tried.push({ ...normalization, ridge: mse, network: scores.mse });
    } finally {
      await trained.model.dispose();
    }
  }
  tried.sort((a, b) => a.network! - b.network!);
  const rest = screened
    .filter(({ center, log }) => !tried.some((one) => one.center === center && one.log === log))
    .map(({ center, log, mse }) => ({ center, log, linear: false, ridge: mse, network: null }));
  return [...tried, ...rest];
}
