/** What compile() takes: optimiser, loss and metrics, in Keras's words. */
import { LstmkitError } from "../errors.ts";
import type { DenseLayer, Layer } from "./layers.ts";
import type { LossKernel } from "./plan.ts";

/** Adam, with Keras's defaults. */
export interface AdamConfig {
  name: "adam";
  /** Default 0.001. */
  learningRate?: number;
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
  /** Default 1e-7, added outside the bias correction as Keras does. */
  epsilon?: number;
}

export interface BinaryCrossentropyConfig {
  name: "binaryCrossentropy";
  /** The head gives logits (a linear layer's), not probabilities. Default false. */
  fromLogits?: boolean;
}

/** The argument of compile(). */
export interface CompileOptions {
  /** Default `adam`. */
  optimizer?: "adam" | AdamConfig;
  loss: "binaryCrossentropy" | BinaryCrossentropyConfig;
  /** `accuracy`: the share of predictions on the right side of ½ (of 0 for logits). Default none. */
  metrics?: readonly "accuracy"[];
}

/** The same with every default filled in. */
export interface CompileConfig {
  readonly optimizer: Required<AdamConfig>;
  readonly loss: Required<BinaryCrossentropyConfig>;
  readonly metrics: readonly "accuracy"[];
}

/**
 * The kernel that computes the loss. As Keras's TensorFlow backend does, a sigmoid head's loss is taken
 * from its logits, which neither clips nor saturates; any other head gives probabilities as it is.
 */
export function lossKernel({ loss }: CompileConfig, layers: readonly Layer[]): LossKernel {
  const { activation } = layers.at(-1) as DenseLayer;
  return loss.fromLogits || activation === "sigmoid" ? "bceLogits" : "bceProbabilities";
}

/**
 * Fill in defaults and check that optimiser, loss and head fit together.
 *
 * @throws BAD_ARGUMENT
 */
export function checkCompile(options: CompileOptions, layers: readonly Layer[]): CompileConfig {
  const refuse = (message: string): never => {
    throw new LstmkitError("BAD_ARGUMENT", message);
  };
  const show = (value: unknown) => JSON.stringify(value) ?? String(value);
  if (typeof options !== "object" || options === null) {
    refuse(
      'compile() takes { optimizer, loss, metrics }, e.g. { optimizer: "adam", loss: "binaryCrossentropy" }.',
    );
  }
  for (const key of Object.keys(options)) {
    if (!["optimizer", "loss", "metrics"].includes(key)) {
      refuse(`compile() has no option "${key}"; it has optimizer, loss, metrics.`);
    }
  }
  const named = <T extends { name: string }>(what: string, given: string | T, known: string): T => {
    const config = typeof given === "string" ? ({ name: given } as T) : given;
    if (config?.name !== known) refuse(`${what} is ${show(given)}; it must be "${known}".`);
    return config;
  };
  const adam = named<AdamConfig>("optimizer", options.optimizer ?? "adam", "adam");
  const optimizer = {
    name: "adam" as const,
    learningRate: adam.learningRate ?? 1e-3,
    beta1: adam.beta1 ?? 0.9,
    beta2: adam.beta2 ?? 0.999,
    epsilon: adam.epsilon ?? 1e-7,
  };
  for (const key of Object.keys(adam)) {
    if (!(key in optimizer))
      refuse(`adam has no option "${key}"; it has ${Object.keys(optimizer).slice(1).join(", ")}.`);
  }
  const inRange = (
    key: "learningRate" | "beta1" | "beta2" | "epsilon",
    ok: (n: number) => boolean,
    wanted: string,
  ) => {
    const value = optimizer[key];
    if (typeof value !== "number" || !ok(value))
      refuse(`adam's ${key} is ${show(value)}; it must be ${wanted}.`);
  };
  // The kernel computes in float32: a value that becomes 0 or infinite there would make weights NaN.
  const isPositive = (n: number) => Math.fround(n) > 0 && Math.fround(n) < Infinity;
  inRange("learningRate", isPositive, "above 0 and finite, in float32 too");
  inRange("beta1", (n) => n >= 0 && n < 1, "from 0 to below 1");
  inRange("beta2", (n) => n >= 0 && n < 1, "from 0 to below 1");
  inRange("epsilon", isPositive, "above 0 and finite, in float32 too");

  const bce = named<BinaryCrossentropyConfig>("loss", options.loss, "binaryCrossentropy");
  const loss = { name: "binaryCrossentropy" as const, fromLogits: bce.fromLogits ?? false };
  for (const key of Object.keys(bce)) {
    if (!(key in loss)) refuse(`binaryCrossentropy has no option "${key}"; it has fromLogits.`);
  }
  if (typeof loss.fromLogits !== "boolean")
    refuse(`fromLogits is ${show(loss.fromLogits)}; it must be true or false.`);
  const { activation } = layers.at(-1) as DenseLayer;
  if (loss.fromLogits && activation === "sigmoid") {
    refuse(
      "fromLogits is true, and the last layer's sigmoid already makes probabilities of its logits: " +
        'drop fromLogits, or make the activation "linear".',
    );
  }
  const metrics = options.metrics ?? [];
  if (!Array.isArray(metrics) || metrics.some((metric) => metric !== "accuracy")) {
    refuse(`metrics is ${show(metrics)}; the one metric is "accuracy".`);
  }
  return { optimizer, loss, metrics: [...new Set(metrics)] };
}
