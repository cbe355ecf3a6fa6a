/** What a text does to a model, word by word: the numbers behind every picture of it. */
import { padSequences } from "../data/sequences.ts";
import { encode, encodeTokens, rowLayout, wordsOf } from "../data/vocabulary.ts";
import type { Vocabulary } from "../data/vocabulary-options.ts";
import { LstmkitError } from "../errors.ts";
import { type LayerStates, type StateName, statesOf } from "../layers/public.ts";
import type { LayerTrace, Model } from "../train/model.ts";
import type { ScaleKind } from "./colour-scale.ts";
import { formingOutputs } from "./forming.ts";

/** What stands at a timestep. */
export interface Step {
  readonly word: string;
  /** Whether the vocabulary has it; the model sees all others as one. */
  readonly known: boolean;
}

/** One gate or state of a layer. */
export interface Panel {
  /** Its letter, as trace and docs/lstm.md have it. */
  readonly name: string;
  /** In words. */
  readonly title: string;
  readonly kind: ScaleKind;
  /** The ends of its scale: 0 and 1, or −m and m. */
  readonly low: number;
  readonly high: number;
  /** (steps, units) */
  readonly values: Float32Array;
}

export interface InspectedLayer {
  readonly name: string;
  readonly type: string;
  readonly units: number;
  readonly panels: readonly Panel[];
}

export interface Inspection {
  readonly text: string;
  readonly classes: readonly [string, string];
  /** Timesteps that hold a word; padding is left out. At least one. */
  readonly steps: readonly Step[];
  /** Words that were cut off, because the model reads no more. */
  readonly cut: number;
  /** (steps): of class 1, were the text to end at each word. */
  readonly probabilities: Float32Array;
  /** Of class 1, at the end of the sequence. */
  readonly probability: number;
  /** Those that have states, bottom up. */
  readonly layers: readonly InspectedLayer[];
}

/** What stands above a panel. */
export const heading = ({ name, title }: Panel): string => `${name} ${title}`;

/** The class that a probability of class 1 speaks for. */
export const leaning = ({ classes }: Pick<Inspection, "classes">, probability: number): string =>
  classes[probability > 0.5 ? 1 : 0];

/**
 * @param model gives one probability a text
 * @returns null for a text that leaves no word to show
 * @throws what trace and predict throw
 */
export async function inspectText(
  model: Model,
  vocabulary: Vocabulary,
  classes: readonly [string, string],
  text: string,
): Promise<Inspection | null> {
  const { x, places, words, starts } = readText(vocabulary, text);
  if (places.length === 0) return null;
  const { layers, outputs } = await model.trace(x);
  requireWords(layers, x.shape[1]!);
  const answers = (await formingOutputs(model, x, outputs)).data;
  const steps = places.map(({ word }) => words[word]!);
  return {
    text,
    classes,
    steps,
    cut: words.length - starts - places.filter(({ word }) => word >= starts).length,
    probabilities: Float32Array.from(places, ({ step }) => answers[step]!),
    probability: answers.at(-1)!,
    layers: model.layers
      .flatMap((layer) => statesOf(layer) ?? [])
      .map(({ kinds }, i) => inspectLayer(layers[i]!, kinds, places)), // a trace has these layers and no others
  };
}

/** @throws BAD_LAYER where states stand at other steps than the words' */
function requireWords(layers: readonly LayerTrace[], T: number): void {
  for (const layer of layers) {
    const steps = Object.values(layer).find((value) => typeof value === "object")?.shape[1];
    if (steps === T) continue;
    throw new LstmkitError(
      "BAD_LAYER",
      `${layer.name} has states at ${steps} steps of a text of ${T}: a convolution or a pooling below it takes words ` +
        "together, and there is no word to show them at. Wanted a model whose recurrent layers read word by word.",
    );
  }
}

interface Place {
  /** Among the model's timesteps. */
  readonly step: number;
  /** Among the text's words. */
  readonly word: number;
}

/** The text as the model reads it, the words it has there, and where each one that is not cut off lies. */
function readText(vocabulary: Vocabulary, text: string) {
  const { oovChar } = vocabulary;
  const alone = { ...vocabulary, startChar: null };
  const start = encode(vocabulary, "").map((id) => ({ id, word: "[START]", known: true }));
  const found = [
    ...start,
    ...wordsOf(vocabulary, text).flatMap((word) =>
      encodeTokens(alone, [word]).map((id) => ({ id, word: printable(word), known: id !== oovChar })),
    ),
  ];
  const ids = found.map(({ id }) => id);
  const x = padSequences([ids], { maxLen: Math.max(ids.length, 1), ...rowLayout(vocabulary) });
  const numbers = ids.map((_, word) => word + 1);
  const numbered = padSequences([numbers], { ...rowLayout(vocabulary), maxLen: x.shape[1]! });
  const places = Array.from(numbered.data, (number, step): Place => ({ step, word: number - 1 }));
  const words = found.map(({ word, known }): Step => ({ word, known }));
  return { x, places: places.filter(({ word }) => word >= 0), words, starts: start.length };
}

/** Without codes that move a cursor, turn the writing round, or that XML has no place for. */
function printable(word: string): string {
  return word.replace(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu, "\ufffd");
}

function inspectLayer(
  layer: LayerTrace,
  kinds: LayerStates["kinds"],
  places: readonly Place[],
): InspectedLayer {
  const { name, type, units } = layer;
  const panels = Object.entries(kinds).map(([name, { title, range }]): Panel => {
    const { data } = layer[name as StateName]!; // so named by the kind
    const values = new Float32Array(places.length * units);
    places.forEach(({ step }, row) => {
      values.set(data.subarray(step * units, (step + 1) * units), row * units);
    });
    const shown = { name, title, values };
    if (range === "gate") return { ...shown, kind: "sequential", low: 0, high: 1 };
    const high = bound(values);
    return { ...shown, kind: "diverging", low: -high, high };
  });
  return { name, type, units, panels };
}

/** 1, or where a state goes beyond, such as a cell's, which has no bound of its own: its largest, a tenth above. */
function bound(values: Float32Array): number {
  return values.reduce((largest, value) => Math.max(largest, Math.ceil(Math.abs(value) * 10) / 10), 1);
}

/** Only some of the layers and panels. */
export function select(
  inspection: Inspection,
  wanted: { readonly layer?: number | undefined; readonly gates?: readonly string[] | undefined },
): Inspection {
  const layers = inspection.layers
    .filter((_, index) => wanted.layer === undefined || index + 1 === wanted.layer)
    .map((layer) => ({
      ...layer,
      panels: layer.panels.filter(({ name }) => !wanted.gates || wanted.gates.includes(name)),
    }))
    .filter(({ panels }) => panels.length > 0);
  return { ...inspection, layers };
}
