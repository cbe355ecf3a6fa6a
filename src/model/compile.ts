/** What compile() takes: optimiser, loss and metrics, in Keras's words. */
import { LstmkitError } from "../errors.ts";
import { kindOf, type Layer } from "../layers/index.ts";
import type { Activation } from "../layers/kind.ts";
import { LOSSES, type LossConfig, lossKindOf, outputsPerTargetOf, targetWidthOf } from "../losses/index.ts";
import type { AnyLoss } from "../losses/kind.ts";
import { aWeight } from "../losses/targets.ts";
import { METRICS, type MetricConfig, metricOf, nameOf } from "../metrics/index.ts";
import { OPTIMIZERS, type OptimizerConfig } from "../optimizers/index.ts";
import type { AnyOptimizer } from "../optimizers/kind.ts";
import { checkSchedule } from "../optimizers/schedules.ts";
import { checkShared } from "../optimizers/shared.ts";
import { checkOptions, didYouMean, type Option, show } from "../options.ts";
import { signalsOf } from "./stack.ts";

/** The argument of compile(). */
export interface CompileOptions {
  /** Default `adam`. */
  optimizer?: OptimizerConfig["name"] | OptimizerConfig;
  loss: LossConfig["name"] | LossConfig;
  /**
   * `accuracy`: of a binaryCrossentropy the share of predictions on the right side of ½ (of 0 for logits), of
   * the others that of the largest outputs which stand at the class. Each is in the logs under its name, and one that
   * comes again, with other options, under a name with a number behind it: `precision`, `precision1`.
   *
   * Metrics see activated outputs. Beside a loss that is `fromLogits: true`, accuracies, `meanSquaredError` and the
   * like see the logits as they are; `precision`, `recall`, `f1Score`, `auc` and `r2Score` see the probabilities that
   * the logits stand for, and every `threshold` is one of probabilities. Default none.
   */
  metrics?: readonly MetricConfig[];
  /**
   * What each target of a row counts for in the loss, from 0 on: [1, 2] for two targets, of which the second counts
   * twice. A row's loss is the mean of its targets' times these, so all 1 is as without. Keras's `loss_weights` of the
   * outputs of a model, for a head that gives them side by side; for losses whose targets are numbers each of their own,
   * not classes. Default none.
   */
  lossWeights?: readonly number[];
}

/** The same with every default filled in. */
export interface CompileConfig {
  readonly optimizer: AnyOptimizer;
  readonly loss: AnyLoss;
  /** By name where all its options are at their defaults; else with all of them. */
  readonly metrics: readonly MetricConfig[];
  /** Absent where all targets count alike. */
  readonly lossWeights?: readonly number[];
}

/** What the loss makes of the last layer. */
export interface Head {
  /** The layers, the last one without its activation where the loss is taken from what goes into it. */
  readonly layers: readonly Layer[];
  /** The activation that was taken off, for those who want the outputs as they are. */
  readonly activation: Activation;
  /** Whether the loss is taken from logits. */
  readonly bare: boolean;
}

/** As Keras's TensorFlow backend does, a sigmoid head's cross-entropy is taken from its logits. */
export function headOf(layers: readonly Layer[], loss: AnyLoss | null): Head {
  const last = layers.at(-1)!;
  const { from } = loss ? lossKindOf(loss) : { from: undefined };
  const bare = kindOf(last).bare?.(last);
  if (bare && bare.activation === from) {
    return { layers: [...layers.slice(0, -1), bare.layer as Layer], activation: from, bare: true };
  }
  return { layers, activation: "linear", bare: loss?.fromLogits === true };
}

const refuse = (message: string): never => {
  throw new LstmkitError("BAD_ARGUMENT", message);
};

/**
 * Fill in defaults and check that optimiser, loss and head fit together.
 *
 * @throws BAD_ARGUMENT
 */
export function checkCompile(options: CompileOptions, layers: readonly Layer[]): CompileConfig {
  const { optimizer, loss, metrics, lossWeights } = checkOptions<CompileOptions, typeof COMPILE>(
    "compile()",
    options,
    COMPILE,
  );
  const checkedLoss = described("loss", loss, LOSSES) as AnyLoss;
  checkHead(checkedLoss, layers);
  if (lossWeights) checkLossWeights(lossWeights, checkedLoss, layers);
  return {
    optimizer: checkOptimizer(optimizer),
    loss: checkedLoss,
    metrics: checkMetrics(metrics, checkedLoss, signalsOf(layers).at(-1)!.width),
    ...(lossWeights && { lossWeights: [...lossWeights] }),
  };
}

function checkLossWeights(weights: readonly number[], loss: AnyLoss, layers: readonly Layer[]): void {
  const kind = lossKindOf(loss);
  const { width } = signalsOf(layers).at(-1)!;
  if (kind.overClasses) {
    refuse(
      `lossWeights weighs targets, and ${loss.name} has one loss over all classes: see fit's classWeight.`,
    );
  }
  const targets = targetWidthOf(loss, width);
  if (weights.length !== targets) {
    refuse(
      `lossWeights has ${weights.length} weights; the model's rows have ${targets} targets: give one for each.`,
    );
  }
}

/** @throws BAD_ARGUMENT */
function checkOptimizer(given: NonNullable<CompileOptions["optimizer"]>): AnyOptimizer {
  const optimizer = described("optimizer", given, OPTIMIZERS) as AnyOptimizer;
  checkShared(optimizer);
  return { ...optimizer, learningRate: checkSchedule(optimizer.learningRate) };
}

function checkMetrics(given: readonly MetricConfig[], loss: AnyLoss, units: number): MetricConfig[] {
  const { targets } = lossKindOf(loss);
  const words = {
    outputs: "a target for each output",
    class: "the number of a class",
    several: "a target for several outputs",
  };
  const checked = new Map<string, MetricConfig>();
  for (const one of given) {
    const full = described("metrics", one, NAMED_METRICS) as Exclude<MetricConfig, string>;
    const chosen = metricOf(full, loss.name);
    const name = nameOf(full);
    if (!chosen) return refuse(`metrics has accuracy, and ${loss.name} has none; see meanAbsoluteError.`);
    if (chosen.kind.targets !== targets) {
      refuse(
        `metrics has ${name}, which takes ${words[chosen.kind.targets]}; ${loss.name} takes ${words[targets]}.`,
      );
    }
    const unfit = chosen.kind.unfit?.(chosen.metric, units);
    if (unfit !== undefined) refuse(unfit);
    const key = JSON.stringify(full);
    checked.set(key, key === JSON.stringify(described("metrics", name, NAMED_METRICS)) ? name : full);
  }
  return [...checked.values()];
}

const NAMED_METRICS = { accuracy: { options: {} }, ...METRICS };

const NAMED = {
  wanted: "a name, or an object with a name",
  accepts: (value: unknown) =>
    typeof value === "string" ||
    (typeof value === "object" && value !== null && Object.hasOwn(value, "name")),
};

const COMPILE = {
  optimizer: { ...NAMED, fallback: "adam" as const },
  loss: NAMED,
  metrics: {
    wanted: `a list of ${Object.keys(NAMED_METRICS).join(", ")}, or of objects with such a name`,
    accepts: (value: unknown) => Array.isArray(value) && value.every(NAMED.accepts),
    fallback: [],
  },
  lossWeights: {
    wanted: "a list of numbers from 0 on that are finite in float32, one for each target",
    accepts: (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(aWeight.accepts),
    fallback: undefined,
  },
};

/** A name, or an object with one, as a description with every default. */
function described(
  what: string,
  given: string | { readonly name: string },
  kinds: Readonly<Record<string, { readonly options: Readonly<Record<string, Option>> }>>,
): { readonly name: string } {
  const { name, ...own } = typeof given === "string" ? { name: given } : given;
  if (typeof name !== "string" || !Object.hasOwn(kinds, name)) {
    const names = Object.keys(kinds);
    refuse(
      `${what} is ${show(name)}${didYouMean(String(name), names)}; it must be one of ${names.join(", ")}.`,
    );
  }
  const options = checkOptions<object, object>(name, own, kinds[name]!.options);
  const values = Object.entries(options).map(([key, value]) => [
    key,
    Array.isArray(value) ? [...value] : value,
  ]);
  return { name, ...Object.fromEntries(values) }; // lists are no longer the caller's
}

function checkHead(loss: AnyLoss, layers: readonly Layer[]): void {
  const kind = lossKindOf(loss);
  const last = layers.at(-1)!;
  const activation = kindOf(last).bare?.(last)?.activation;
  if (loss.fromLogits && activation === kind.from) {
    refuse(
      `fromLogits is true, and the last layer's ${activation} already makes probabilities of its logits: ` +
        'drop fromLogits, or make the activation "linear".',
    );
  }
  const { width } = signalsOf(layers).at(-1)!;
  const unfit = kind.unfit?.(loss, width);
  if (unfit !== undefined) refuse(unfit);
  const each = outputsPerTargetOf(loss);
  if (width % each > 0) {
    refuse(
      `${loss.name} takes ${each} outputs for each target, and the model ends in ${width} unit${width > 1 ? "s" : ""}: ` +
        `give it ${each}, or a multiple.`,
    );
  }
}
