/** What compile() takes: optimiser, loss and metrics, in Keras's words. */
import { LstmkitError } from "../errors.ts";
import { kindOf, type Layer } from "../layers/index.ts";
import type { Activation } from "../layers/kind.ts";
import { LOSSES, type LossConfig, lossKindOf } from "../losses/index.ts";
import type { AnyLoss } from "../losses/kind.ts";
import { METRICS, type MetricName, metricKindOf } from "../metrics/index.ts";
import { OPTIMIZERS, type OptimizerConfig } from "../optimizers/index.ts";
import type { AnyOptimizer } from "../optimizers/kind.ts";
import { checkOptions, didYouMean, type Option, show } from "../options.ts";
import { signalsOf } from "./stack.ts";

/** The argument of compile(). */
export interface CompileOptions {
  /** Default `adam`. */
  optimizer?: OptimizerConfig["name"] | OptimizerConfig;
  loss: LossConfig["name"] | LossConfig;
  /**
   * `accuracy`: of a binaryCrossentropy the share of predictions on the right side of ½ (of 0 for logits), of
   * the others that of the largest outputs which stand at the class. Default none.
   */
  metrics?: readonly MetricName[];
}

/** The same with every default filled in. */
export interface CompileConfig {
  readonly optimizer: AnyOptimizer;
  readonly loss: AnyLoss;
  readonly metrics: readonly MetricName[];
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
  const { optimizer, loss, metrics } = checkOptions<CompileOptions, typeof COMPILE>(
    "compile()",
    options,
    COMPILE,
  );
  const checkedLoss = described("loss", loss, LOSSES) as AnyLoss;
  checkHead(checkedLoss, layers);
  return {
    optimizer: described("optimizer", optimizer, OPTIMIZERS) as AnyOptimizer,
    loss: checkedLoss,
    metrics: checkMetrics([...new Set(metrics)], checkedLoss),
  };
}

function checkMetrics(names: MetricName[], loss: AnyLoss): MetricName[] {
  const { targets } = lossKindOf(loss);
  const words = { outputs: "a target for each output", class: "the number of a class" };
  for (const name of names) {
    const kind = metricKindOf(name, loss.name);
    if (!kind) refuse(`metrics has accuracy, and ${loss.name} has none; see meanAbsoluteError.`);
    else if (kind.targets !== targets) {
      refuse(
        `metrics has ${name}, which takes ${words[kind.targets]}; ${loss.name} takes ${words[targets]}.`,
      );
    }
  }
  return names;
}

const METRIC_NAMES = ["accuracy", ...Object.keys(METRICS)];

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
    wanted: `a list of ${METRIC_NAMES.join(", ")}`,
    accepts: (value: unknown) => Array.isArray(value) && value.every((name) => METRIC_NAMES.includes(name)),
    fallback: [],
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
  return { name, ...checkOptions<object, object>(name, own, kinds[name]!.options) };
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
  const unfit = kind.unfit?.(loss, signalsOf(layers).at(-1)!.width);
  if (unfit !== undefined) refuse(unfit);
}
