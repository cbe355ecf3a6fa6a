import type { AnyLayer, LayerKind } from "./kind.ts";
import { COMMON, describeLayer, size } from "./options.ts";

/** Options of `input()`. */
export interface InputConfig {
  /** What its data are called: the key in `x`. Default `input_layer`, `input_layer_1`, … */
  name?: string;
  /**
   * Of a sample: [timesteps or null for any, features], or [features] of single rows. Before an embedding, which
   * reads ids, [timesteps or null]; the default there is [null].
   */
  inputShape?: readonly (number | null)[];
}

export interface InputLayer extends AnyLayer {
  readonly type: "input";
}

const isSteps = (n: unknown) => n === null || size.accepts(n);

/**
 * Where a branch of the model begins: what comes after reads these data, and not the layer before. It is made of
 * nothing and does nothing; its rows are those that were loaded.
 */
export const inputKind = {
  title: "InputLayer",
  baseName: "input_layer",
  reads: "either",
  options: {
    inputShape: {
      wanted: "[timesteps or null, features], [features], or [timesteps or null] before an embedding",
      accepts: (value: unknown) =>
        Array.isArray(value) &&
        (value.length === 1 || (value.length === 2 && size.accepts(value[1]))) &&
        isSteps(value[0]),
      fallback: undefined,
    },
    name: COMMON.name,
  },
  output: (_, x) => x,
  weights: () => [],
  memory: () => ({}),
  pass: (_, { x }) => ({ y: x, dy: x, forward() {}, backward() {} }),
} satisfies LayerKind<InputLayer>;

/**
 * An input of its own, as Keras's `Input`: what comes after it in the list of layers begins anew with these data.
 * Before the first layer it gives the model's only or first input a name. Branches meet by name alone: a recurrent
 * layer with `initialState` begins with the states that one of an earlier branch ended with.
 */
export const input = (config: InputConfig = {}): InputLayer =>
  describeLayer("input", inputKind.options, config);
