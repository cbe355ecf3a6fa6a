/**
 * What V8's pass for 256-bit vectors makes of the kernels. It begins with pairs of stores 16 bytes apart and goes back
 * from them through what was computed; where two operations of a pair do not lie in one block of code, or something
 * was stored between their loads, that tree stays at 128 bits.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

interface Trees {
  /** Pairs of stores whose operations are done in 256 bits, all the way back. */
  readonly packed: number;
  /** Pairs of stores that stay as they are. */
  readonly failed: number;
}

/** Kernels are compiled at once, in order, by the optimizing compiler alone: the trace is the same at every run. */
const FLAGS = [
  "--experimental-wasm-revectorize",
  "--trace-wasm-revectorize",
  "--no-liftoff",
  "--no-wasm-lazy-compilation",
  "--single-threaded",
];

const COMPILE = "new WebAssembly.Module(require('fs').readFileSync(process.argv[1]))";

/** The release of Node from which on V8 has the pass. */
export const PASS_SINCE = 24;

/**
 * Pairs of stores of each kernel, all of which are packed. A number that falls is an edit that breaks the shape; one that
 * rises is a pair more.
 */
const PACKED: Readonly<Record<string, number>> = {
  activationBackward: 4,
  activationForward: 3,
  adagrad: 4,
  adam: 6,
  addRows: 1,
  average: 1,
  decay: 1,
  embeddingBackward: 2,
  flushFaint: 1,
  gruBackward: 12,
  gruBeforeBackward: 11,
  limit: 1,
  limitPlaces: 1,
  lion: 3,
  lstmBackward: 16,
  minGruBackward: 5,
  minGruForward: 2,
  minLstmBackward: 6,
  minLstmForward: 3,
  nadam: 5,
  peepholeLstmBackward: 13,
  penaltyBackward: 1,
  product: 22,
  productInt8: 9,
  rmsprop: 6,
  rnnBackward: 7,
  rnnForward: 4,
  scale: 1,
  sgd: 3,
  sumPanels: 1,
  sumShards: 1,
  weighRows: 1,
};

/**
 * Cells that asc compiles other functions into, not the same in each build: pairs that are packed at least, those of the
 * gates among them, and pairs that stay at most. What stays is of the packer of int8 states, which transposes bytes, and of
 * the sums over a row of layerNormLSTM.
 */
const CELLS: Readonly<Record<string, Trees>> = {
  gruBeforeForward: { packed: 4, failed: 3 },
  gruForward: { packed: 5, failed: 3 },
  layerNormLstmBackward: { packed: 11, failed: 0 },
  layerNormLstmForward: { packed: 7, failed: 4 },
  lstmForward: { packed: 6, failed: 3 },
  peepholeLstmForward: { packed: 6, failed: 3 },
};

/** Builds of the kernels that it holds for. */
export const PACKED_FILES = [
  "kernels.wasm",
  "kernels.shared.wasm",
  "kernels.dot.wasm",
  "kernels.dot.shared.wasm",
  "kernels.relaxed.wasm",
  "kernels.relaxed.shared.wasm",
];

/**
 * That Node at `node` packs what PACKED says of a built file, and that no pair of these kernels stays as it is; and of cells
 * what CELLS says.
 */
export function expectPacked(node: string, file: string): void {
  const trees = packedTrees(node, fileURLToPath(new URL(`../dist/${file}`, import.meta.url)));
  const found = Object.keys(PACKED).map((name) => [name, trees.get(name)]);
  const wanted = Object.entries(PACKED).map(([name, packed]) => [name, { packed, failed: 0 }]);
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted));
  for (const [name, { packed, failed }] of Object.entries(CELLS)) {
    expect(trees.get(name)!.packed, `packed in ${name}`).toBeGreaterThanOrEqual(packed);
    expect(trees.get(name)!.failed, `not packed in ${name}`).toBeLessThanOrEqual(failed);
  }
}

/** The trees of each kernel, by its name: what Node at `node` says of the module in `file`. */
function packedTrees(node: string, file: string): ReadonlyMap<string, Trees> {
  const { status, stdout, stderr } = spawnSync(node, [...FLAGS, "-e", COMPILE, file], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`${node} did not compile ${file}: ${stderr}`);
  const ofFunction = new Map<number, Trees>();
  for (const part of stdout.split("Begin revec function wasm-function#").slice(1)) {
    // Words differ between releases: "After build tree" is "After tree building" from Node 26 on.
    const built = count(part, /After (?:build tree|tree building)/g);
    const packs = /Decided? to vectorize/.test(part);
    const failed = count(part, /(?:Build tree|Building SLP tree) failed/g);
    ofFunction.set(
      Number.parseInt(part, 10),
      packs ? { packed: built, failed } : { packed: 0, failed: built + failed },
    );
  }
  if (ofFunction.size === 0)
    throw new Error(`${node} says nothing of its 256-bit pass; does the processor have AVX2?`);
  const names = exportedFunctions(file);
  return new Map(
    [...names].map(([name, index]) => [name, ofFunction.get(index) ?? { packed: 0, failed: 0 }]),
  );
}

const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;

/** The index of each function that a module without imported functions exports. */
function exportedFunctions(file: string): ReadonlyMap<string, number> {
  const bytes = readFileSync(file);
  let at = 8; // behind the magic number and the version
  const unsigned = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const names = new Map<string, number>();
  while (at < bytes.length) {
    const id = bytes[at++];
    const size = unsigned();
    const end = at + size;
    if (id === 7) {
      for (let left = unsigned(); left > 0; left--) {
        const length = unsigned();
        const name = bytes.toString("utf8", at, at + length);
        at += length;
        const kind = bytes[at++];
        const index = unsigned();
        if (kind === 0) names.set(name, index);
      }
    }
    at = end;
  }
  return names;
}
