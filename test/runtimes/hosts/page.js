/** The job in a page: ?mode= and ?threads= as in process.js, the result is posted back. */

import { runJob } from "./job.js";
import * as lstmkit from "./node_modules/lstmkit/dist/index.js";
import { report } from "./report.js";

const query = new URLSearchParams(location.search);

await report(() => {
  const open = query.get("mode") === "worker" ? lstmkit.spawnRuntime : lstmkit.createRuntime;
  return runJob(lstmkit, open, { threads: Number(query.get("threads")) });
});
