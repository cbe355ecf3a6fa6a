/** The settings of a classifier: flags of `lstmkit train --task classify`, with their defaults and ranges. */
import type { SequenceOptions } from "lstmkit/data";
import type { ClassifierOptions } from "lstmkit/tasks";
import { commandOf, decimal, fileWord, oneOf, type Rule, seed, text, whole } from "../tasks/fields.ts";
import type { Data } from "./classes-worker.ts";

/** How files are read. */
export const SEQUENCE_RULES = {
  text: text("text"),
  label: text("label"),
  id: text("id"),
  time: text("time"),
  features: text("features"),
  labels: oneOf("labels", "one", "many", "steps"),
  group: { ...text("group"), more: true },
} satisfies Record<string, Rule>;

export const CLASSES_RULES = {
  epochs: whole("epochs", "", 1, 1_000_000),
  seed,
  units: { ...whole("units", 64, 1, 65_536), more: true },
  layers: { ...whole("layers", 1, 1, 16), more: true },
  cell: { ...oneOf("cell", "lstm", "gru"), more: true },
  pooling: { ...oneOf("pooling", "max", "mean", "last"), more: true },
  classWeight: { ...oneOf("class-weight", "", "balanced"), more: true },
  batchSize: { ...whole("batch", "", 1, 1_000_000), more: true },
  learningRate: { ...decimal("lr", 0.003, (rate) => rate > 0), more: true },
} satisfies Record<string, Rule>;

/** Empty ones left out, the list of names taken apart. */
export function readingOf(values: Readonly<Record<keyof typeof SEQUENCE_RULES, string>>): SequenceOptions {
  const entries = Object.entries(values)
    .filter(([name, value]) => value !== "" && !(name === "labels" && value === "one"))
    .map(([name, value]) => [
      name,
      name === "features" ? value.split(",").map((column) => column.trim()) : value,
    ]);
  return Object.fromEntries(entries) as SequenceOptions;
}

export function optionsOf(values: Readonly<Record<keyof typeof CLASSES_RULES, string>>): ClassifierOptions {
  const number = (name: "epochs" | "batchSize") =>
    values[name] === "" ? {} : { [name]: Number(values[name]) };
  return {
    ...number("epochs"),
    ...number("batchSize"),
    ...(values.classWeight === "balanced" && { classWeight: "balanced" as const }),
    units: Number(values.units),
    layers: Number(values.layers),
    cell: values.cell as "lstm" | "gru",
    pooling: values.pooling as "max" | "mean" | "last",
    learningRate: Number(values.learningRate),
    seed: Number(values.seed),
  };
}

/** The command that gives the same digest. */
export function classesCommand(data: Data, file: string | null, flags: readonly string[]): string {
  const source = data === "digits" ? [] : [fileWord(file ?? "sequences.csv")];
  return commandOf(["lstmkit", "train", ...source, "--task", "classify", ...flags]);
}
