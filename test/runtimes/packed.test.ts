import { describe, test } from "vitest";
import { expectPacked, PACKED_FILES } from "../packed.ts";
import { NODE_24, NODE_26 } from "./tools.ts";

describe.each([
  ["Node 24", NODE_24],
  ["Node 26", NODE_26],
])("%s", (_, node) => {
  test.each(PACKED_FILES)("packs every pair of stores of the wide kernels: %s", (file) => {
    expectPacked(node, file);
  });
});
