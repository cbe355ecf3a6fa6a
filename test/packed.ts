/**
 * What V8's pass for 256-bit vectors makes of the kernels. It begins with pairs of stores 16 bytes apart and goes back
 * from them through what was computed; where two operations of a pair do not lie in one block of code, or something
 * was stored between their loads, that tree stays at 128 bits.
 */
import { spawnSync } from "node:child_process";

export interface Trees {
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

/** The trees of each kernel, by its name: what Node at `node` says of the module in `file`. */
export function packedTrees(node: string, file: string): ReadonlyMap<string, Trees> {
  const script = `${COMPILE}; console.log(JSON.stringify(process.versions.v8))`;
  const { status, stdout, stderr } = spawnSync(node, [...FLAGS, "-e", script, file], {
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
    ofFunction.set(Number.parseInt(part, 10), packs ? { packed: built, failed } : { packed: 0, failed: built + failed });
  }
  if (ofFunction.size === 0) throw new Error(`${node} says nothing of its 256-bit pass: ${stdout.slice(0, 200)}`);
  const names = exportedFunctions(file);
  return new Map([...names].map(([name, index]) => [name, ofFunction.get(index) ?? { packed: 0, failed: 0 }]));
}

const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;
