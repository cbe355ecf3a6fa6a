import { expect, test } from "vitest";
import { embeddingBackward, embeddingForward, embeddingSquaresPerRead } from "./embedding.ts";

const TOKENS = [2, 0, 2];

test("a token's row is read for each of its places", () => {
  expect([...embeddingForward(TOKENS, Float64Array.of(1, 2, 3, 4, 5, 6), 2)]).toEqual([5, 6, 1, 2, 5, 6]);
});

test("the gradient of a token read twice is the sum, its squares are summed apart", () => {
  const dx = Float64Array.of(1, 2, 3, 4, 5, 6);
  expect([...embeddingBackward(dx, TOKENS, 3, 2)]).toEqual([3, 4, 0, 0, 6, 8]);
  expect([...embeddingSquaresPerRead(dx, TOKENS, 3, 2)]).toEqual([9, 16, 0, 0, 26, 40]);
});
