/** How long the page's own thread is kept busy at a time, while a model is made and trains in a worker. */

import { openJob } from "./job.js";
import * as lstmkit from "./node_modules/lstmkit/dist/index.js";
import { report } from "./report.js";

const RUNS = 10;

/** The longest task that the browser has told of since the last call, ms; it tells of 50 ms and more. */
let longest = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
}).observe({ type: "longtask" });

async function longestTask() {
  await new Promise((resolve) => setTimeout(resolve, 200));
  const found = longest;
  longest = 0;
  return found;
}

function busy(ms) {
  for (const start = performance.now(); performance.now() - start < ms; );
}

await report(async () => {
  await longestTask();
  let frames = 0;
  const frame = () => {
    frames++;
    requestAnimationFrame(frame);
  };
  frame();
  const start = performance.now();
  const job = await openJob(lstmkit, lstmkit.spawnRuntime, { threads: 2 });
  for (let run = 0; run < RUNS; run++) await job.train();
  const seconds = (performance.now() - start) / 1000;
  const whileTraining = await longestTask();
  setTimeout(() => busy(100));
  return { whileTraining, whileBusy: await longestTask(), framesPerSecond: frames / seconds, seconds };
});
