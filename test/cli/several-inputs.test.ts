import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRuntime, dense, embedding, input, loadModel, lstm, saveModel } from "../../src/node.ts";
import { events, REVIEWS, SMALL, Workplace } from "./command-line.ts";

let place: Workplace;
beforeAll(async () => {
  place = new Workplace();
  place.write("reviews.csv", REVIEWS);
  const { code } = await place.run(["train", "reviews.csv", ...SMALL.slice(2), "--out", "one.safetensors"]);
  expect(code).toBe(0);
  const kit = await createRuntime();
  const { metadata } = await loadModel(kit, place.path("one.safetensors"));
  const model = await kit.sequential([
    embedding({ inputDim: 50, outputDim: 4, name: "past" }),
    lstm({ units: 4, name: "encoder" }),
    input({ name: "future" }),
    embedding({ inputDim: 50, outputDim: 4 }),
    lstm({ units: 4, initialState: "encoder" }),
    dense({ units: 1, activation: "sigmoid" }),
  ]);
  await model.compile({ loss: "binaryCrossentropy", metrics: ["accuracy"] });
  await saveModel(model, place.path("two.safetensors"), { metadata: { ...metadata } });
  await saveModel(model, place.path("bare.safetensors"));
  await kit.close();
});
afterAll(() => place.dispose());

// With a vocabulary and without: what is wrong is not that there is none.
describe.each(["two.safetensors", "bare.safetensors"])("a model of two inputs, %s,", (file) => {
  test.each([
    ["predict", file, "a film"],
    ["predict", file],
    ["inspect", file, "a film"],
    ["inspect", file, "a film", "--out", "gates.svg"],
    ["evaluate", file, "reviews.csv"],
    ["evaluate", file, "spam"],
  ])("is refused by %s %s %s", async (...args) => {
    const { code, stdout, stderr } = await place.run(args.filter(Boolean), "text\n");
    expect(stderr).toMatch(
      /^lstmkit: BAD_LAYER: the model has 2 inputs, past_input and future; [^\n]*loadModel\(\)[^\n]*\n$/,
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  });

  test("is refused in an event, where events are asked for", async () => {
    const { code, stdout } = await place.run(["evaluate", file, "spam", "--json"]);
    expect(events(stdout)).toEqual([
      { event: "error", code: "BAD_LAYER", message: expect.stringContaining("2 inputs") },
    ]);
    expect(code).toBe(1);
  });
});
