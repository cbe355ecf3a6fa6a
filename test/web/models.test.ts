import { readFile } from "node:fs/promises";
import { afterAll, describe, expect, test } from "vitest";
import { MODELS } from "../../scripts/page-models.ts";
import { createRuntime, loadBirths, loadDigits } from "../../src/node.ts";
import { loadClassifier, loadDetector, loadForecaster, loadGenerator } from "../../src/tasks/index.ts";

const kit = await createRuntime();
afterAll(() => kit.close());

const shipped = (name: string) =>
  readFile(new URL(`../../web/models/${name}.safetensors`, import.meta.url)).then(
    (file) => new Uint8Array(file),
  );

describe("the models that come with the page", () => {
  // The others take longer, by the same script.
  test.each(["words", "detect"])("%s: scripts/page-models.ts gives the same bytes", async (name) => {
    const own = await createRuntime();
    const made = await MODELS[name]!(own);
    expect(Buffer.from(made).equals(await shipped(name))).toBe(true);
    await own.close();
  });

  test("each does its task", async () => {
    const births = await loadBirths();
    const { test: digits } = await loadDigits();
    const forecaster = await loadForecaster(kit, await shipped("forecast"));
    expect(forecaster.report!.test!.network.mae).toBeLessThan(340);
    expect((await forecaster.predict(births)).series[0]!.rows).toHaveLength(28);
    const detector = await loadDetector(kit, await shipped("detect"));
    expect(detector.report!.target).toBe("births");
    const classifier = await loadClassifier(kit, await shipped("classes"));
    expect((await classifier.evaluate(digits)).accuracy).toBeGreaterThan(0.9);
    const generator = await loadGenerator(kit, await shipped("generate"));
    expect(await generator.predict({ prompt: "Call me", length: 40 })).toHaveLength(40);
  });
});
