/** The snippets of docs/several-inputs.md run as they stand, and do what is said of them. */
import { expect, test } from "vitest";
import { printed } from "./doc-snippets.ts";

test("teacher forcing, then greedy decoding: words that it never read, backwards", async () => {
  expect(await printed("several-inputs.md", "backwards")).toBe("head daeh\nfaced decaf\nhag gah\n");
});

test("known parts of the future: what an offer brings on its day, and on no other", async () => {
  expect(await printed("several-inputs.md", "forecast")).toBe(
    "0.5 0.5 0.5 0.5 0.5 0.5 0.5\n0.5 0.5 0.5 1.0 0.5 0.5 0.5\n",
  );
});
