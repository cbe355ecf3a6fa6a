/** The job in a page: ?mode= and ?threads= as in process.js, the result is posted back. */

import { runJob } from "./job.js";
import * as lstmkit from "./node_modules/lstmkit/dist/index.js";
import { report } from "./report.js";

const query = new URLSearchParams(location.search);

await report(async () => {
  const open = query.get("mode") === "worker" ? lstmkit.spawnRuntime : lstmkit.createRuntime;
  const store = lstmkit.browserCheckpoints("job");
  const result = await runJob(lstmkit, open, { threads: Number(query.get("threads")) }, store);
  await storeInWorker();
  return result;
});

/** The same store from a worker: it has what the page has written, and the page what it writes. */
async function storeInWorker() {
  const store = lstmkit.browserCheckpoints("both");
  await store.clear();
  const unlock = await store.lock();
  await store.write(Uint8Array.of(1));
  const worker = new Worker("store-worker.js", { type: "module" });
  const { data } = await new Promise((resolve, reject) => {
    worker.onmessage = resolve;
    worker.onerror = reject;
  });
  worker.terminate();
  const said = JSON.stringify([data, (await store.read()).map((bytes) => [...bytes])]);
  await unlock();
  await store.clear();
  if (said !== '[{"locked":"BUSY","found":[[1]]},[[4],[3]]]') throw new Error(`the worker's store: ${said}`);
}
