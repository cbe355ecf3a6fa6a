/** The snippets of docs/tasks/ run as they stand, and do what is said of them. */
import { expect, test } from "vitest";
import { printed } from "../doc-snippets.ts";

test("generate: it learns, writes, and writes the same from its file", async () => {
  const [isBetter, text, isSame] = (await printed("tasks/generate.md", "generate")).trimEnd().split("\n");
  expect([isBetter, isSame]).toEqual(["true", "true"]);
  expect(text).toMatch(/^a cat and a dog sat/);
});
