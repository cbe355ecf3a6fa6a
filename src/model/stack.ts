/**
 * Layers one on the other: checked, named, and what each hands to the next. A model of several inputs has several
 * such runs in its one list, its branches: each begins with an `input`, and the last gives the outputs.
 */
import { LstmkitError } from "../errors.ts";
import { complete, kindOf, type Layer } from "../layers/index.ts";
import type { Signal } from "../layers/kind.ts";
import { show } from "../options.ts";

const refuse = (message: string): never => {
  throw new LstmkitError("BAD_LAYER", message);
};

/** Layers one on the other, and what the first of them is fed with. */
export interface Branch {
  /** What its data are called. */
  readonly name: string;
  /** Without the `input` that it may begin with. */
  readonly layers: readonly Layer[];
  readonly input: Signal;
}

/** Whether what layer i is fed with is no other layer's output. */
export const begins = (layers: readonly Layer[], i: number): boolean =>
  i === 0 || layers[i]!.type === "input";

/** The branches of checked layers, in their order. */
export function branchesOf(layers: readonly Layer[]): Branch[] {
  const starts = layers.flatMap((_, i) => (begins(layers, i) ? [i] : []));
  return starts.map((start, b) => {
    const own = layers.slice(start, starts[b + 1]);
    const [first, ...rest] = own as [Layer, ...Layer[]];
    // What has no name of its own goes by its reader's, as in TensorFlow.js.
    return first.type === "input"
      ? { name: first.name, layers: rest, input: fedWith(rest[0]!, first.inputShape) }
      : { name: `${first.name}_input`, layers: own, input: fedWith(first, shapeOf(first)) };
  });
}

const shapeOf = (layer: Layer) => ("inputShape" in layer ? layer.inputShape : undefined);

/** What a first layer reads, of a shape that checkPlace has seen to. */
function fedWith(reader: Layer, shape: readonly (number | null)[] = []): Signal {
  if (kindOf(reader).reads === "ids") {
    const T = shape[0] ?? (reader.type === "embedding" ? reader.inputLength : undefined) ?? null;
    return { holds: "ids", sequence: true, T, width: 1 };
  }
  const width = shape.at(-1)!;
  return shape.length === 1
    ? { holds: "numbers", sequence: false, T: 1, width }
    : { holds: "numbers", sequence: true, T: shape[0]!, width };
}

/**
 * Check that the layers make a model and give each a name of its own, as Keras does.
 *
 * @throws BAD_LAYER
 */
export function checkLayers(layers: readonly Layer[]): Layer[] {
  if (!Array.isArray(layers) || layers.length === 0)
    refuse(`a model needs a list of layers, not ${show(layers)}.`);
  const described = Array.from(layers, (layer, i) => complete(layer, `layer ${i}`)); // in place of holes, too
  for (const i of described.keys()) checkPlace(described, i);
  signalsOf(described);
  const named = nameLayers(described);
  checkBranches(named);
  return frozen(named);
}

/** A copy that nobody can change, a caller who keeps it least of all: memory and kernels are laid out by it. */
export const frozen = (layers: readonly Layer[]): Layer[] =>
  JSON.parse(JSON.stringify(layers), (_, value) => Object.freeze(value)); // plain data, as in a file

function checkPlace(layers: readonly Layer[], i: number): void {
  const layer = layers[i]!;
  if (layer.type === "input") {
    checkInput(layer, i, layers[i + 1]);
    return;
  }
  const { reads } = kindOf(layer);
  const hasShape = shapeOf(layer) !== undefined;
  const isFirst = i === 0 || layers[i - 1]!.type === "input";
  if (i > 0 && hasShape) {
    refuse(
      `layer ${i}, ${layer.type}, has an inputShape; only a first layer takes one${isFirst ? ", or the input before it" : ""}.`,
    );
  }
  if (!isFirst && reads === "ids") {
    refuse(`layer ${i}, ${layer.type}, reads ids, so it can only come first, or behind an input.`);
  }
  if (!isFirst && kindOf(layer).masks?.(layer)) {
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

/** An input, and whether its shape is what the layer behind it reads. */
function checkInput({ name, inputShape: shape }: Layer & { type: "input" }, i: number, reader?: Layer): void {
  const called = `layer ${i}, the input${name && ` ${show(name)}`},`;
  if (!reader || reader.type === "input") {
    refuse(
      `${called} has no layer behind it: put those that read it between it and the ${reader ? "next" : "end"}.`,
    );
  } else if (kindOf(reader).reads === "ids") {
    if (shape && shape.length !== 1) {
      refuse(
        `${called} has inputShape ${show(shape)}; ${reader.type} reads ids: make it [timesteps or null].`,
      );
    }
  } else if (!shape || shape.at(-1) === null) {
    refuse(
      `${called} has ${shape ? `inputShape ${show(shape)}` : "no inputShape"}; ${reader.type} reads numbers: ` +
        "make it [timesteps or null, features], or [features].",
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

/** That branches have names, and that what they end with is of use to a later one. */
function checkBranches(layers: readonly Layer[]): void {
  const read = new Set(layers.map((_, i) => originOf(layers, i)));
  for (const [i, layer] of layers.entries()) {
    const next = layers[i + 1];
    if (next?.type === "input" && !read.has(i)) {
      refuse(
        `nothing reads what layer ${i}, ${show(layer.name)}, makes: the input ${show(next.name)} begins a new branch ` +
          `behind it. Give a recurrent layer there initialState: ${show(layer.name)}.`,
      );
    }
  }
  const names = branchesOf(layers).map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined)
    refuse(`two inputs are called ${show(twice)}: name the first by an input before it.`);
}

/**
 * Number of the layer whose last states layer i begins with, or undefined where it begins with zeros.
 *
 * @throws BAD_LAYER where there is none before it with such a name and such states
 */
export function originOf(layers: readonly Layer[], i: number): number | undefined {
  const layer = layers[i]!;
  const name = "initialState" in layer ? layer.initialState : undefined;
  if (name === undefined) return undefined;
  const called = `layer ${i}, ${show(layer.name)}, has initialState ${show(name)}`;
  if (kindOf(layer).stateful?.(layer)) {
    refuse(
      `${called}, and stateful: true, by which it begins with its own states of the batch before. Drop one.`,
    );
  }
  const origin = layers.findIndex((other) => other.name === name);
  if (origin < 0 || origin >= i) {
    const before = layers.slice(0, i).filter((other) => kindOf(other).carried);
    const which =
      before.length > 0 ? `one of ${before.map((other) => show(other.name)).join(", ")}` : "there is none";
    return refuse(
      `${called}, which ${origin < 0 ? "no layer is called" : "does not come before it"}; ` +
        `it names a recurrent layer before it: ${which}.`,
    );
  }
  const [own, its] = [carriedBy(layer), carriedBy(layers[origin]!)];
  if (inWords(own) !== inWords(its)) {
    const isLike = Object.keys(its).some((state) => state in own);
    refuse(
      `${called}, ${aLayer(layers[origin]!)} that ends with ${inWords(its) || "no states"}; ` +
        `${layer.type} begins with ${inWords(own)}. ` +
        (isLike
          ? "Give both the same kind and as many units."
          : `Put ${aLayer(layer)} with as many units above it, and name that one.`),
    );
  }
  return origin;
}

/** What a layer carries from step to step. */
const carriedBy = (layer: Layer): Readonly<Record<string, number>> => kindOf(layer).carried?.(layer) ?? {};

const inWords = (states: Readonly<Record<string, number>>): string =>
  Object.entries(states)
    .map(([name, width]) => `${name} of ${width}`)
    .join(" and ");

const aLayer = ({ type }: Layer): string => `${/^([aeiou]|lstm)/.test(type) ? "an" : "a"} ${type}`;

/** What each branch is fed with; of known steps, where they are given. */
export const inputsOf = (layers: readonly Layer[], T?: readonly number[]): Signal[] =>
  branchesOf(layers).map(({ input }, b) => (T ? { ...input, T: T[b]! } : input));

/**
 * What goes into each layer and, last, what comes out of the model.
 *
 * @param inputs what each branch is fed with; where their T are known, so are all others
 * @throws BAD_LAYER where a layer cannot read what the one before it gives
 */
export function signalsOf(layers: readonly Layer[], inputs = inputsOf(layers)): Signal[] {
  const signals: Signal[] = [];
  const fresh = inputs.values();
  let signal!: Signal;
  for (const [i, layer] of layers.entries()) {
    if (begins(layers, i)) signal = fresh.next().value!;
    signals.push(signal);
    signal = kindOf(layer).output(layer, signal);
  }
  return [...signals, signal];
}

/** The shape of a sample's output, for inputs of so many steps each. @throws BAD_SHAPE where they are too few for a layer */
export function outputShape(layers: readonly Layer[], T: readonly number[]): number[] {
  const { sequence, T: rows, width } = signalsAt(layers, T).at(-1)!;
  return sequence ? [rows!, width] : [width];
}

/** signalsOf data: layers that fit each other when T was open need not at this one. */
export function signalsAt(
  layers: readonly Layer[],
  T: readonly number[],
): (Signal & { readonly T: number })[] {
  try {
    return signalsOf(layers, inputsOf(layers, T)) as (Signal & { T: number })[];
  } catch (cause) {
    if (!(cause instanceof LstmkitError && cause.code === "BAD_LAYER")) throw cause;
    const reason = cause.message.slice(cause.code.length + 2);
    throw new LstmkitError(
      "BAD_SHAPE",
      `samples have ${T.join(" and ")} timesteps, and a layer cannot do with them: ${reason}`,
    );
  }
}
