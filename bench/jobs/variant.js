/** The build that a script is told of, and a runtime of it that computes as it is told. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * @param {string[]} told folder of the checkout, math, bits of the vectors, threads: variantArguments() of contenders.ts
 * @returns what the build exports, the runtime, and what it says of itself
 */
export async function openVariant([folder, math, vectors, threads]) {
  const lstmkit = await import(pathToFileURL(join(folder, "dist/node.js")).href);
  const kit = await lstmkit.createRuntime({
    math: math === "relaxed" ? "relaxed" : "strict",
    threads: Number(threads),
    // An older build has no choice of them, and takes no such option.
    ...(vectors === "256" && { vectors: 256 }),
  });
  const info = await kit.info();
  if (info.threads !== Number(threads)) throw new Error(info.threadsReason);
  if (vectors === "256" && info.vectors !== 256) throw new Error(info.vectorsReason);
  return { lstmkit, kit, info };
}
