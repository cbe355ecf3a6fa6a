/** The snippets of docs/streaming.md run as they stand, and do what is said of them. */
import { expect, test } from "vitest";
import { printed } from "./doc-snippets.ts";

test("a live signal: the change is heard soon after it comes, and nothing before", async () => {
  const [, number] =
    /^something has changed at number (\d+)\n$/.exec(await printed("streaming.md", "live")) ?? [];
  expect(Number(number)).toBeGreaterThan(500);
  expect(Number(number)).toBeLessThan(540);
});

test("a text, token by token: two ways to go on from one beginning", async () => {
  // The same seed gives the same bytes everywhere, and so the same letters.
  expect(await printed("streaming.md", "generate")).toBe(
    "a cat and a dog sat in the fog. \na cat and a dog sat cat on the l\n",
  );
});
