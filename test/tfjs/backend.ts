import { createRequire } from "node:module";
import { dirname } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { type BackendWasm, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";

let ready: Promise<void> | undefined;

/** Makes TensorFlow.js compute in its WebAssembly backend, once for a process. */
export function useWasmBackend(): Promise<void> {
  ready ??= start();
  return ready;
}

async function start(): Promise<void> {
  const entry = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm");
  setWasmPaths(`${dirname(entry)}/`);
  tf.registerKernel({
    kernelName: "UnsortedSegmentSum",
    backendName: "wasm",
    kernelFunc: ({ inputs, backend, attrs }) =>
      unsortedSegmentSum(inputs, backend as BackendWasm, Number(attrs?.numSegments)),
  });
  if (!(await tf.setBackend("wasm"))) throw new Error("TensorFlow.js did not take its wasm backend.");
  await tf.ready();
}

/**
 * The gradient of a lookup, which the wasm backend has no kernel for (tfjs issue 8082): row r of x (R, E)
 * is added to row segmentIds[r] of the result (numSegments, E). Sums are taken in float32, as a kernel would.
 */
function unsortedSegmentSum(
  { x, segmentIds }: tf.NamedTensorInfoMap,
  backend: BackendWasm,
  numSegments: number,
): tf.TensorInfo {
  const rows = backend.readSync(x!.dataId) as Float32Array;
  const ids = backend.readSync(segmentIds!.dataId) as Int32Array;
  const [, ...rowShape] = x!.shape;
  const E = rowShape.reduce((size, axis) => size * axis, 1);
  const sums = new Float32Array(numSegments * E);
  ids.forEach((id, r) => {
    for (let e = 0; e < E; e++) sums[id * E + e]! += rows[r * E + e]!;
  });
  return backend.makeOutput([numSegments, ...rowShape], "float32", undefined, sums);
}
