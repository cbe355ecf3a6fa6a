/** What a loss says of itself. */
import type { Activation } from "../layers/kind.ts";
import type { Option } from "../options.ts";
import type { Kernels } from "../wasm/kernels.ts";

/** A loss's description: plain data with every default filled in. */
export interface AnyLoss {
  readonly name: string;
  /** The head gives logits, not probabilities. */
  readonly fromLogits?: boolean;
}

/**
 * Of every row of outputs: its loss, and its gradient scaled.
 *
 * losses (rows) assigned; dy (rows, ld) assigned, or 0 for none; y (rows, ld); targets (rows, target width)
 */
export type LossKernel = (
  losses: number,
  dy: number,
  y: number,
  targets: number,
  rows: number,
  units: number,
  ld: number,
  scale: number,
) => void;

export interface LossKind<C extends AnyLoss = AnyLoss> {
  readonly options: Readonly<Record<string, Option>>;
  /** The activation of a head whose loss is taken from what goes into it, which neither clips nor saturates. */
  readonly from?: Activation;
  /** A target: a number for each output, the number of a class, or a number of which several outputs tell. */
  readonly targets: "outputs" | "class" | "several";
  /** Outputs that stand for one target, side by side. Default 1. */
  outputsPerTarget?(loss: C): number;
  /** One loss over all units of a row, which are classes that exclude each other. */
  readonly overClasses?: true;
  /** How a row of targets says its class, for class weights: by its number, or by its largest. */
  classes?(units: number): "number" | "largest" | undefined;
  /** What is wrong with a target, in words; undefined where nothing is. */
  refuses(target: number, units: number): string | undefined;
  /** The gradient's divisor beside the number of rows: units where a row's loss is their mean, else 1. */
  divisor(units: number): number;
  /** Whether a head of so many outputs can have it: what is wrong, in words. */
  unfit?(loss: C, units: number): string | undefined;
  /** @param bare the outputs are those before the head's activation, or are said to be logits */
  kernel(k: Kernels, loss: C, bare: boolean): LossKernel;
}
