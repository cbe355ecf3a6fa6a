import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRuntime, loadModel, saveModel } from "../../src/node.ts";
import { events, REVIEWS, SMALL, Workplace } from "./command-line.ts";

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

describe("lstmkit evaluate", () => {
  test("gives the test results that train printed for the embedded data set", async () => {
    const flags = "--epochs 1 --units 4 --embedding 4 --max-len 20 --vocab 500 --json".split(" ");
    const { stdout } = await place.run(["train", "spam", ...flags, "--out", "spam.safetensors"]);
    const printed = events(stdout).find(({ split }) => split === "test")!;
    const { event, stderr } = await measured("spam.safetensors", "spam");
    expect(event).toEqual(printed);
    expect(stderr).toBe("");
  });

  test("takes a .csv file whole, and prints a line for a person", async () => {
    const { event } = await measured("reviews.safetensors", "reviews.csv");
    expect(event).toMatchObject({ event: "evaluate", split: "all", samples: 40 });
    const { stdout } = await place.run(["evaluate", "reviews.safetensors", "reviews.csv", "--batch", "7"]);
    expect(stdout).toMatch(/^loss 0\.\d{4}, accuracy \d\.\d{4} \(40 samples\)\n$/);
  });

  test("takes classes by the model's names, and says when they are called otherwise", async () => {
    const { event } = await measured("reviews.safetensors", "reviews.csv");
    place.write("numbered.csv", REVIEWS.replaceAll("positive", "1").replaceAll("negative", "0"));
    const numbered = await measured("reviews.safetensors", "numbered.csv");
    expect(numbered.event).toEqual(event);
    expect(numbered.stderr).toMatch(/called 0 and 1; they are taken for the model's negative and positive/);

    const runtime = await createRuntime();
    const model = await loadModel(runtime, place.path("reviews.safetensors"));
    const metadata = { classes: JSON.stringify(["positive", "negative"]) };
    await saveModel(model, place.path("turned.safetensors"), { metadata });
    await runtime.close();
    const turned = await measured("turned.safetensors", "reviews.csv");
    expect(turned.stderr).toBe("");
    expect(turned.event.accuracy).toBeCloseTo(1 - Number(event.accuracy), 10);
  });

  test("reads another data set with the model's own vocabulary", async () => {
    const { event } = await measured("reviews.safetensors", "spam");
    expect(event).toMatchObject({ split: "test", loss: expect.any(Number) });
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
