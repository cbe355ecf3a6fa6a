import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTextMetadata } from "../../src/data/text-metadata.ts";
import { createRuntime, loadModel, type MetricConfig, saveModel } from "../../src/node.ts";
import { type Event, events, REVIEWS, SMALL, Workplace } from "./command-line.ts";

let place: Workplace;
beforeAll(async () => {
  place = new Workplace();
  place.write("reviews.csv", REVIEWS);
  await place.run(["train", "reviews.csv", ...SMALL, "--out", "reviews.safetensors"]);
});
afterAll(() => place.dispose());

const measured = async (...args: string[]) => {
  const { code, stdout, stderr } = await place.run(["evaluate", ...args, "--json"]);
  expect(code, stderr).toBe(0);
  return { stderr, event: events(stdout)[0]! };
};

const refused = async (message: RegExp, args: readonly string[]) => {
  const { code, stdout, stderr } = await place.run(["evaluate", ...args]);
  expect(stderr).toMatch(message);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
};

/** The model once more, with other metadata; undefined leaves an entry out. */
async function resave(
  name: string,
  change: Record<string, string | undefined>,
  metrics: readonly MetricConfig[] = ["accuracy"],
): Promise<void> {
  const runtime = await createRuntime();
  const model = await loadModel(runtime, place.path("reviews.safetensors"));
  const copy = await runtime.sequential(model.layers); // a loaded model keeps its entries
  await copy.compile({ loss: "binaryCrossentropy", metrics });
  await copy.setWeights(await model.getWeights());
  const entries = Object.entries({ ...model.metadata, ...change });
  const metadata = entries.filter((entry): entry is [string, string] => entry[1] !== undefined);
  await saveModel(copy, place.path(name), { metadata: Object.fromEntries(metadata) });
  await runtime.close();
}

describe("lstmkit evaluate", () => {
  test("gives the test results that train printed for the embedded data set", async () => {
    const flags = "--epochs 1 --units 4 --embedding 4 --max-len 20 --vocab 500 --json".split(" ");
    const { stdout } = await place.run(["train", "spam", ...flags, "--out", "spam.safetensors"]);
    const printed = events(stdout).find(({ split }) => split === "test")!;
    const { event, stderr } = await measured("spam.safetensors", "spam");
    expect(event).toMatchObject(printed);
    const { classes, test } = events(stdout)[0] as Event & { test: object };
    expect(event).toMatchObject({ classes, ...test });
    expect(stderr).toBe("");
  });

  test("takes a .csv file whole, and prints a line for a person", async () => {
    const { event } = await measured("reviews.safetensors", "reviews.csv");
    expect(event).toMatchObject({ event: "evaluate", split: "all", samples: 40 });
    const { stdout } = await place.run(["evaluate", "reviews.safetensors", "reviews.csv", "--batch", "7"]);
    expect(stdout).toMatch(
      /^reviews\.csv: 40 \(20 negative, 20 positive\)\nAlways negative: accuracy 0\.5000 on these texts\nUnknown words: \d\.\d % of the 200 in these texts\nloss 0\.\d{4}, accuracy \d\.\d{4} \(40 samples\)\n$/,
    );
  });

  test("prints every metric that the model was compiled with", async () => {
    const metrics: MetricConfig[] = ["recall", { name: "auc", curve: "PR" }];
    await resave("measured.safetensors", {}, metrics);
    const { event } = await measured("measured.safetensors", "reviews.csv");
    const { loss, recall, auc } = event as unknown as Record<string, number>;
    const { stdout } = await place.run(["evaluate", "measured.safetensors", "reviews.csv"]);
    const four = (value?: number) => value?.toFixed(4);
    expect(stdout).toContain(`\nloss ${four(loss)}, recall ${four(recall)}, auc ${four(auc)} (40 samples)\n`);
  });

  describe("takes classes by the model's names", () => {
    const renamed = (positive: string, negative: string) =>
      REVIEWS.replaceAll("positive", positive).replaceAll("negative", negative);

    test("whatever their order, case and blanks", async () => {
      const { event } = await measured("reviews.safetensors", "reviews.csv");
      expect(event).toMatchObject({
        classes: ["negative", "positive"],
        names: { negative: "negative", positive: "positive" },
        counts: [20, 20],
        baseline: 0.5,
      });
      // "Positive" is before "negative" in the alphabet.
      place.write("cased.csv", renamed(" Positive ", "negative"));
      const cased = await measured("reviews.safetensors", "cased.csv");
      expect(cased.event).toEqual({ ...event, names: { negative: "negative", Positive: "positive" } });
      expect(cased.stderr).toBe('cased.csv: "Positive" is read as "positive".\n');

      const metadata = { classes: JSON.stringify(["positive", "negative"]) };
      await resave("turned.safetensors", metadata);
      const turned = await measured("turned.safetensors", "reviews.csv");
      expect(turned.stderr).toBe("");
      expect(turned.event.accuracy).toBeCloseTo(1 - Number(event.accuracy), 10);
    });

    test("refuses other names, unless --classes says what they stand for", async () => {
      const { event } = await measured("reviews.safetensors", "reviews.csv");
      place.write("numbered.csv", renamed("1", "0"));
      await refused(
        /^lstmkit: BAD_LABEL: line 2: "sentiment" is "1".*none of the classes "negative", "positive"; nor is "0".*--classes/,
        ["reviews.safetensors", "numbered.csv"],
      );
      for (const classes of [
        "0=negative,1=positive",
        " 1 = Positive , 0 = NEGATIVE ",
        '{"0": "negative", "1": "positive"}',
      ]) {
        const { event: mapped } = await measured("reviews.safetensors", "numbered.csv", "--classes", classes);
        expect(mapped).toEqual({ ...event, names: { 0: "negative", 1: "positive" } });
      }
      const turned = await measured(
        "reviews.safetensors",
        "numbered.csv",
        "--classes",
        "1=negative,0=positive",
      );
      expect(turned.event.accuracy).toBeCloseTo(1 - Number(event.accuracy), 10);
      await refused(/"0" is said to be "negativ" .*did you mean negative\?/, [
        "reviews.safetensors",
        "numbered.csv",
        "--classes=0=negativ",
      ]);
    });

    test("evaluates a file with one class like any other", async () => {
      const rows = REVIEWS.split("\n").filter((row) => !row.endsWith("negative"));
      place.write("one.csv", rows.join("\n"));
      const { event, stderr } = await measured("reviews.safetensors", "one.csv");
      expect(event).toMatchObject({ samples: 20, counts: [0, 20], baseline: 1 });
      expect(stderr).toBe("");
    });

    test("of a model without names by 0 and 1, as predict has them", async () => {
      const { event } = await measured("reviews.safetensors", "reviews.csv");
      await resave("nameless.safetensors", { classes: undefined });
      await refused(/none of the classes "0", "1"/, ["nameless.safetensors", "reviews.csv"]);
      const named = await measured(
        "nameless.safetensors",
        "reviews.csv",
        "--classes",
        "positive=1,negative=0",
      );
      expect(named.event).toMatchObject({ accuracy: event.accuracy, classes: ["0", "1"] });
    });

    test("of another data set, too, which is read with the model's own vocabulary", async () => {
      await refused(/class 0 of spam is "ham".*none of the classes "negative", "positive"; nor is "spam"/, [
        "reviews.safetensors",
        "spam",
      ]);
      const { event } = await measured(
        "reviews.safetensors",
        "spam",
        "--classes",
        "ham=positive,spam=negative",
      );
      const turned = await measured("reviews.safetensors", "spam", "--classes", "ham=negative,spam=positive");
      expect(event).toMatchObject({
        split: "test",
        samples: 1122,
        names: { ham: "positive", spam: "negative" },
      });
      expect(event.counts).toEqual((turned.event.counts as number[]).toReversed());
      expect(event.accuracy).toBeCloseTo(1 - Number(turned.event.accuracy), 10);
    });
  });

  test("says how many words the model's vocabulary has not", async () => {
    const { event: own } = await measured("reviews.safetensors", "reviews.csv");
    expect(own).toMatchObject({ words: 200 });
    place.write("unheard.csv", REVIEWS.replaceAll("film", "unheard-of"));
    const { event } = await measured("reviews.safetensors", "unheard.csv");
    expect(event).toMatchObject({ words: 240, unknown: Number(own.unknown) + 80 });
    // Words that take no place in a row are counted all the same.
    const runtime = await createRuntime();
    const { vocabulary } = readTextMetadata(await loadModel(runtime, place.path("reviews.safetensors")));
    await runtime.close();
    await resave("silent.safetensors", { vocabulary: JSON.stringify({ ...vocabulary, oovChar: null }) });
    const silent = await measured("silent.safetensors", "unheard.csv");
    expect(silent.event).toMatchObject({ words: 240, unknown: event.unknown });
  });

  test.for([
    ["nowhere.safetensors", "FILE_NOT_FOUND"],
    [".", "FILE_UNREADABLE"],
    ["reviews.csv", "BAD_MODEL_FILE"],
  ])("refuses %s as a model with %s", async ([model, error]) => {
    const { code, stderr } = await place.run(["evaluate", model!, "spam"]);
    expect(stderr).toMatch(new RegExp(`^lstmkit: ${error}: [^\\n]*\\n$`));
    expect(code).toBe(1);
  });
});
