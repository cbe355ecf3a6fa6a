/** The settings of a text that goes on: flags of `lstmkit train --task generate` and `lstmkit generate`. */
import type { GenerateOptions, GeneratorOptions } from "lstmkit/tasks";
import { commandOf, decimal, fileWord, oneOf, type Rule, seed, text, whole } from "../tasks/fields.ts";
import type { Data } from "./generate-worker.ts";

export const TRAIN_RULES = {
  unit: oneOf(null, "characters", "words"),
  epochs: whole("epochs", "", 1),
  seed,
  units: { ...whole("units", "", 1, 65_536), more: true },
  layers: { ...whole("layers", 1, 1, 16), more: true },
  dropout: { ...decimal("dropout", "", (share) => share >= 0 && share < 1), more: true },
  steps: { ...whole("steps", "", 1, 100_000), more: true },
  batchSize: { ...whole("batch", "", 1), more: true },
  learningRate: { ...decimal("lr", 0.005, (rate) => rate > 0), more: true },
} satisfies Record<string, Rule>;

export const WRITE_RULES = {
  // A model of words has another default.
  length: { ...whole("length", 400, 0, 100_000), isAlwaysSaid: true },
  temperature: decimal("temperature", 0.8, (t) => t === 0 || (t >= 0.01 && t <= 100)),
  topK: whole("top-k", "", 1),
  drawSeed: { ...seed },
  stop: text("stop"),
} satisfies Record<string, Rule>;

export function optionsOf(values: Readonly<Record<keyof typeof TRAIN_RULES, string>>): GeneratorOptions {
  const number = (name: "epochs" | "units" | "steps" | "batchSize" | "dropout") =>
    values[name] === "" ? {} : { [name]: Number(values[name]) };
  return {
    ...number("epochs"),
    ...number("units"),
    ...number("steps"),
    ...number("batchSize"),
    ...number("dropout"),
    words: values.unit === "words",
    layers: Number(values.layers),
    learningRate: Number(values.learningRate),
    seed: Number(values.seed),
  };
}

export function drawOf(
  values: Readonly<Record<keyof typeof WRITE_RULES, string>>,
  prompt: string,
): GenerateOptions {
  return {
    prompt,
    length: Number(values.length),
    temperature: Number(values.temperature),
    ...(values.topK !== "" && { topK: Number(values.topK) }),
    ...(values.stop !== "" && { stop: values.stop }),
    seed: Number(values.drawSeed),
  };
}

/** The command that gives the same digest. */
export function trainCommand(
  data: Data,
  files: readonly string[],
  isOfWords: boolean,
  flags: readonly string[],
): string {
  const sources = data === "own" ? files.map(fileWord) : [];
  return commandOf([
    "lstmkit",
    "train",
    ...sources,
    "--task",
    "generate",
    ...(isOfWords ? ["--words"] : []),
    ...flags,
  ]);
}

/** The command that writes the same text. */
export function writeCommand(prompt: string, flags: readonly string[]): string {
  const escaped = prompt.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t");
  const said = prompt === "" ? [] : [`--prompt=${escaped}`];
  return commandOf(["lstmkit", "generate", "model.safetensors", ...said, ...flags]);
}
