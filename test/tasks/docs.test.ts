/** The snippets of docs/tasks/ run as they stand, and do what is said of them. */
import { expect, test } from "vitest";
import { printed } from "../doc-snippets.ts";

test("generate: it learns, writes, and writes the same from its file", async () => {
  const [isBetter, text, isSame] = (await printed("tasks/generate.md", "generate")).trimEnd().split("\n");
  expect([isBetter, isSame]).toEqual(["true", "true"]);
  expect(text).toMatch(/^a cat and a dog sat/);
});

test("forecast: it learns weeks, says when and how sure, and says the same from its file", async () => {
  const lines = (await printed("tasks/forecast.md", "forecast")).trimEnd().split("\n");
  expect(lines[0]).toMatch(/^\{ center: '\w+', log: \w+, linear: \w+ \} true$/);
  expect(lines.slice(1, 8).map((line) => line.split(" ")[0])).toEqual(
    [19, 20, 21, 22, 23, 24, 25].map((day) => `2024-07-${day}`),
  );
  expect(lines.slice(1, 8).filter((line) => line.endsWith("true")).length).toBeGreaterThanOrEqual(5);
  expect(lines[8]).toBe("true");
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
