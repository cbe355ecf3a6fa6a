/** The settings of a detector: flags of `lstmkit train --task detect`, with their defaults and ranges. */
import type { SeriesCsvOptions } from "lstmkit/data";
import type { DetectorOptions } from "lstmkit/tasks";
import { commandOf, decimal, fileWord, type Rule, seed, whole } from "../tasks/fields.ts";
import type { Data } from "../tasks/series-file.ts";
import { SERIES_RULES } from "../tasks/series-settings.ts";

export const DETECT_RULES = {
  window: whole("window", "", 2, 10_000),
  epochs: whole("epochs", 30, 1),
  seed,
  units: { ...whole("units", "", 1, 4096), more: true },
  learningRate: { ...decimal("lr", 0.002, (rate) => rate > 0), more: true },
} satisfies Record<string, Rule>;

/** Of the watching, and of no training. */
export const ALPHA_RULES = { alpha: decimal(null, 0.01, (alpha) => alpha > 0 && alpha < 1) };

const { known: _, past: _p, ...others } = SERIES_RULES;
/** A detector watches one column by itself. */
export const WATCHED_RULES = others;

export function optionsOf(
  values: Readonly<Record<keyof typeof DETECT_RULES, string>>,
  { target }: SeriesCsvOptions,
): DetectorOptions {
  const number = (name: "window" | "units") => (values[name] === "" ? {} : { [name]: Number(values[name]) });
  const [column] = [target ?? []].flat();
  return {
    ...number("window"),
    ...number("units"),
    epochs: Number(values.epochs),
    learningRate: Number(values.learningRate),
    seed: Number(values.seed),
    ...(column !== undefined && { target: column }),
  };
}

/** The command that gives the same digest. */
export function detectCommand(data: Data, file: string | null, flags: readonly string[]): string {
  const source = data === "births" ? "births" : fileWord(file ?? "series.csv");
  return commandOf(["lstmkit", "train", source, "--task", "detect", ...flags]);
}
