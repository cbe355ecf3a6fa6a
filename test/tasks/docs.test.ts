/** The snippets of docs/tasks/ run as they stand, and do what is said of them. */
import { expect, test } from "vitest";
import { printed } from "../doc-snippets.ts";

test("generate: it learns, writes, and writes the same from its file", async () => {
  const [isBetter, text, isSame] = (await printed("tasks/generate.md", "generate")).trimEnd().split("\n");
  expect([isBetter, isSame]).toEqual(["true", "true"]);
  expect(text).toMatch(/^a cat and a dog sat/);
});

test("classify: it learns, answers, and answers the same from its file", async () => {
  const [reached, answered, isSame] = (await printed("tasks/classify.md", "classify")).trimEnd().split("\n");
  expect(reached).toMatch(/^1 .*always/);
  expect(answered).toBe("[ 'question' ] [ 'bug', 'praise', 'question' ]");
  expect(isSame).toBe("true");
});

test("detect: the day with twice the visits, and no other", async () => {
  expect(await printed("tasks/detect.md", "detect")).toBe(
    "2025-02-11 240 expected about 100\nversion,series\n",
  );
});
