/** Layers one on the other: checked, named, and what each hands to the next. */
import { LstmkitError } from "../errors.ts";
import { complete, kindOf, type Layer } from "../layers/index.ts";
import type { Signal } from "../layers/kind.ts";
import { show } from "../options.ts";

const refuse = (message: string): never => {
  throw new LstmkitError("BAD_LAYER", message);
};

/**
 * Check that the layers make a model and give each a name of its own, as Keras does.
 *
 * @throws BAD_LAYER
 */
export function checkLayers(layers: readonly Layer[]): Layer[] {
  if (!Array.isArray(layers) || layers.length === 0)
    refuse(`a model needs a list of layers, not ${show(layers)}.`);
  const described = Array.from(layers, (layer, i) => complete(layer, `layer ${i}`)); // in place of holes, too
  for (const [i, layer] of described.entries()) checkPlace(layer, i);
  signalsOf(described);
  return frozen(nameLayers(described));
}

/** A copy that nobody can change, a caller who keeps it least of all: memory and kernels are laid out by it. */
export const frozen = (layers: readonly Layer[]): Layer[] =>
  JSON.parse(JSON.stringify(layers), (_, value) => Object.freeze(value)); // plain data, as in a file

function checkPlace(layer: Layer, i: number): void {
  const { reads } = kindOf(layer);
  const hasShape = "inputShape" in layer && layer.inputShape !== undefined;
  if (i > 0 && hasShape) {
    refuse(`layer ${i}, ${layer.type}, has an inputShape; only a first layer takes one.`);
  }
  if (i > 0 && reads === "ids") refuse(`layer ${i}, ${layer.type}, reads ids, so it can only come first.`);
  if (i > 0 && kindOf(layer).masks?.(layer)) {
    refuse(
      `layer ${i}, ${layer.type}, masks rows of the model's input, so it can only come first; layers that keep the ` +
        "steps hand the mask on.",
    );
  }
  if (i === 0 && reads === "numbers" && !hasShape) {
    refuse(
      `the first layer, ${layer.type}, needs inputShape: [timesteps or null, features], or an embedding before it.`,
    );
  }
}

function nameLayers(layers: readonly Layer[]): Layer[] {
  const taken = new Set<string>();
  const next = new Map<string, number>();
  return layers.map((layer) => {
    let { name } = layer;
    if (name === "") {
      const { baseName } = kindOf(layer);
      let n = next.get(baseName) ?? 0;
      do name = n === 0 ? baseName : `${baseName}_${n}`;
      while (taken.has(name) && ++n);
      next.set(baseName, n + 1);
    }
    if (taken.has(name)) refuse(`two layers are called ${show(name)}.`);
    taken.add(name);
    return { ...layer, name };
  });
}

/** What the first layer is fed with. */
export function inputOf(layers: readonly Layer[]): Signal {
  const first = layers[0]!;
  if (kindOf(first).reads === "ids") return { holds: "ids", sequence: true, T: null, width: 1 };
  const shape = "inputShape" in first ? first.inputShape! : []; // checkPlace has seen to it
  const width = shape.at(-1)!;
  return shape.length === 1
    ? { holds: "numbers", sequence: false, T: 1, width }
    : { holds: "numbers", sequence: true, T: shape[0]!, width };
}

/**
 * What goes into each layer and, last, what comes out of the model.
 *
 * @param input what the first layer is fed with; where its T is known, so are all others
 * @throws BAD_LAYER where a layer cannot read what the one before it gives
 */
export function signalsOf(layers: readonly Layer[], input = inputOf(layers)): Signal[] {
  const signals = [input];
  for (const layer of layers) signals.push(kindOf(layer).output(layer, signals.at(-1)!));
  return signals;
}

/** The shape of a sample's output, for inputs of T steps. */
export function outputShape(layers: readonly Layer[], T: number): number[] {
  const { sequence, T: rows, width } = signalsOf(layers, { ...inputOf(layers), T }).at(-1)!;
  return sequence ? [rows!, width] : [width];
}
