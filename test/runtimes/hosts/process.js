/** The job in Node, Deno or Bun: mode and threads are arguments, the result is a line of JSON. */
import process from "node:process";
import * as lstmkit from "lstmkit";
import { runJob } from "./job.js";

const [mode, threads] = process.argv.slice(2);
const open = mode === "worker" ? lstmkit.spawnRuntime : lstmkit.createRuntime;
console.log(JSON.stringify(await runJob(lstmkit, open, { threads: Number(threads) })));
