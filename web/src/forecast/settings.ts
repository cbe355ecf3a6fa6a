/** The settings of a forecast: flags of `lstmkit train --task forecast`, with their defaults and ranges. */
import type { SeriesCsvOptions } from "lstmkit/data";
import type { ForecasterOptions, Normalization } from "lstmkit/tasks";
import { commandOf, decimal, fileWord, oneOf, type Rule, seed, text, whole } from "../tasks/fields.ts";
import type { Data } from "../tasks/series-file.ts";

export const FORECAST_RULES = {
  horizon: { ...whole("horizon", 28, 1, 10_000), isAlwaysSaid: true },
  window: whole("window", "", 1, 100_000),
  holidays: text("holidays"),
  seed,
  normalization: {
    ...oneOf("normalization", "auto", "none", "last", "mean", "revin", "seasonal"),
    more: true,
  },
  units: { ...whole("units", "", 1, 4096), more: true },
  epochs: { ...whole("epochs", "", 1), more: true },
  learningRate: { ...decimal("lr", 0.001, (rate) => rate > 0), more: true },
} satisfies Record<string, Rule>;

type Values<Rules> = Readonly<Record<keyof Rules, string>>;

export function optionsOf(
  values: Values<typeof FORECAST_RULES>,
  { target, known, past }: SeriesCsvOptions,
): Omit<ForecasterOptions, "holidays"> {
  const number = (name: "window" | "units" | "epochs") =>
    values[name] === "" ? {} : { [name]: Number(values[name]) };
  return {
    horizon: Number(values.horizon),
    ...number("window"),
    ...number("units"),
    ...number("epochs"),
    normalization: values.normalization as "auto" | Normalization["center"],
    learningRate: Number(values.learningRate),
    seed: Number(values.seed),
    ...(target !== undefined && { target }),
    ...(known !== undefined && { known }),
    ...(past !== undefined && { past }),
  };
}

/** The command that gives the same digest. */
export function forecastCommand(data: Data, file: string | null, flags: readonly string[]): string {
  const source = data === "births" ? "births" : fileWord(file ?? "series.csv");
  return commandOf(["lstmkit", "train", source, "--task", "forecast", ...flags]);
}
