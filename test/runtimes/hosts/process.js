/** The job in Node, Deno or Bun: mode, threads and vectors are arguments, the result is a line of JSON. */
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as lstmkit from "lstmkit";
import { runJob } from "./job.js";

const [mode, threads, vectors] = process.argv.slice(2);
const open = mode === "worker" ? lstmkit.spawnRuntime : lstmkit.createRuntime;
const options = { threads: Number(threads), vectors: vectors === "auto" ? "auto" : Number(vectors) };
const folder = mkdtempSync(join(tmpdir(), "lstmkit-job-"));
const store = lstmkit.folderCheckpoints(join(folder, "checkpoints"));
console.log(JSON.stringify(await runJob(lstmkit, open, options, store)));
rmdirSync(folder); // nothing is left in it
