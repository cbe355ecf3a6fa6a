/** The job in Node, Deno or Bun: mode, threads and vectors are arguments, the result is a line of JSON. */
import process from "node:process";
import * as lstmkit from "lstmkit";
import { runJob } from "./job.js";

const [mode, threads, vectors] = process.argv.slice(2);
const open = mode === "worker" ? lstmkit.spawnRuntime : lstmkit.createRuntime;
console.log(
  JSON.stringify(
    await runJob(lstmkit, open, {
      threads: Number(threads),
      vectors: vectors === "auto" ? "auto" : Number(vectors),
    }),
  ),
);
