/** Whoever registers a kind has to bring what shows that it is right. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { LAYERS } from "../src/layers/index.ts";
import { LOSSES } from "../src/losses/index.ts";
import { METRICS } from "../src/metrics/index.ts";
import { OPTIMIZERS } from "../src/optimizers/index.ts";
import { STACKS } from "./model/stacks.ts";
import { LOSS_REFERENCES, METRIC_REFERENCES, OPTIMIZER_REFERENCES, REFERENCES } from "./reference/index.ts";

const fileOf = (name: string) =>
  name.replace(/(?<=[a-z\d])[A-Z]|(?<!^)[A-Z](?=[a-z])/g, (capital) => `-${capital}`).toLowerCase();

const exists = (path: string) => existsSync(new URL(`../${path}`, import.meta.url));
const text = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

describe.each(Object.keys(LAYERS))("the layer %s", (type) => {
  test("is one file", () => expect(exists(`src/layers/${fileOf(type)}.ts`)).toBe(true));

  test("has a reference", () => expect(Object.keys(REFERENCES)).toContain(type));

  test("has a test of its own: gradients by differences, all builds, and Keras or why not", () => {
    const own = text(`test/layers/${fileOf(type)}.test.ts`);
    expect(own).toMatch(/await testLayer\(\{\n {2}type: "(\w+)"/);
    expect(own).toContain(`type: "${type}"`);
  });

  test("is in a model that is trained and measured against the reference", () => {
    expect(STACKS.flatMap(({ layers }) => layers.map((layer) => layer.type))).toContain(type);
  });
});

describe.each([
  { folder: "losses", tests: "testLoss", kinds: LOSSES, references: LOSS_REFERENCES },
  { folder: "metrics", tests: "testMetric", kinds: METRICS, references: METRIC_REFERENCES },
  { folder: "optimizers", tests: "testOptimizer", kinds: OPTIMIZERS, references: OPTIMIZER_REFERENCES },
])("of the $folder", ({ folder, tests, kinds, references }) => {
  test.each(Object.keys(kinds))("%s is one file, has a reference and a test of its own", (name) => {
    expect(exists(`src/${folder}/${fileOf(name)}.ts`)).toBe(true);
    expect(Object.keys(references)).toContain(name);
    const own = text(`test/${folder}/${fileOf(name)}.test.ts`);
    expect(own).toMatch(new RegExp(`^await ${tests}(<\\w+>)?\\(\\{\n  name: "${name}",$`, "m"));
  });
});
