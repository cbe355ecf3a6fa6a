import { describe, expect, test } from "vitest";
import { CLASSIFIER_OPTIONS } from "../../src/tasks/classify/settings.ts";
import { DETECTOR_OPTIONS } from "../../src/tasks/detect/settings.ts";
import { FORECASTER_OPTIONS } from "../../src/tasks/forecast/settings.ts";
import { GENERATOR_OPTIONS } from "../../src/tasks/generate/settings.ts";
import { GENERATE_OPTIONS } from "../../src/tasks/generate/write.ts";
import { CLASSES_RULES, optionsOf as classesOptions } from "../../web/src/classes/settings.ts";
import { DETECT_RULES, optionsOf as detectOptions } from "../../web/src/detect/settings.ts";
import { FORECAST_RULES, optionsOf as forecastOptions } from "../../web/src/forecast/settings.ts";
import {
  drawOf,
  optionsOf as generateOptions,
  TRAIN_RULES,
  WRITE_RULES,
  writeCommand,
} from "../../web/src/generate/settings.ts";
import { commandOf, fileWord, type Rule } from "../../web/src/tasks/fields.ts";

type Table = Readonly<Record<string, { accepts: (value: never) => boolean; fallback?: unknown }>>;

const defaults = <Rules extends Readonly<Record<string, Rule>>>(rules: Rules) =>
  Object.fromEntries(Object.entries(rules).map(([name, { fallback }]) => [name, fallback])) as Record<
    keyof Rules,
    string
  >;

/** What the page gives where nothing was set: nothing, or what the library takes for nothing. */
function sameAsLeftOut(given: object, table: Table, required: readonly string[] = []): void {
  for (const [name, value] of Object.entries(given)) {
    expect(table[name]!.accepts(value as never), name).toBe(true);
    if (!required.includes(name)) expect([name, value]).toEqual([name, table[name]!.fallback]);
  }
}

describe("the defaults of the page are those of the library", () => {
  test("forecast", () => {
    sameAsLeftOut(forecastOptions(defaults(FORECAST_RULES), {}), FORECASTER_OPTIONS as never, ["horizon"]);
  });
  test("detect", () => {
    sameAsLeftOut(detectOptions(defaults(DETECT_RULES), {}), DETECTOR_OPTIONS as never);
  });
  test("classify", () => {
    sameAsLeftOut(classesOptions(defaults(CLASSES_RULES)), CLASSIFIER_OPTIONS as never);
  });
  test("generate", () => {
    sameAsLeftOut(generateOptions(defaults(TRAIN_RULES)), GENERATOR_OPTIONS as never);
    sameAsLeftOut(drawOf(defaults(WRITE_RULES), ""), GENERATE_OPTIONS as never, ["length"]);
  });
});

describe("commands are words of a POSIX shell", () => {
  test.each([
    [["lstmkit", "train", "my sales.csv"], "lstmkit train 'my sales.csv'"],
    [["--target", "it's"], "--target 'it'\\''s'"],
    [["--target", "판매"], "--target '판매'"],
  ])("%j", (words, command) => {
    expect(commandOf(words)).toBe(command);
  });

  test("no file's name is taken for a flag", () => {
    expect([fileWord("-x.csv"), fileWord("x.csv")]).toEqual(["./-x.csv", "x.csv"]);
  });

  test("line breaks of a beginning are written as the command line reads them", () => {
    expect(writeCommand("a\nb\\n", [])).toBe("lstmkit generate model.safetensors '--prompt=a\\nb\\\\n'");
  });
});
