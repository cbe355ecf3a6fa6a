import { test } from "vitest";
import { expectPacked, PACKED_FILES, PASS_SINCE } from "../packed.ts";

const release = Number(process.versions.node.split(".")[0]);
const hasPass = release >= PASS_SINCE && process.arch === "x64";
const where = hasPass ? "" : ` (skipped: the V8 of Node ${release} on ${process.arch} has no such pass)`;

test.skipIf(!hasPass).each(PACKED_FILES)(
  `V8 packs every pair of stores of the wide kernels: %s${where}`,
  (file) => {
    expectPacked(process.execPath, file);
  },
);
