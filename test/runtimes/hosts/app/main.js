/** An application that trains in a worker, for bundlers to build. */
import * as lstmkit from "lstmkit";
import { runJob } from "../job.js";
import { report } from "../report.js";

await report(() => runJob(lstmkit, lstmkit.spawnRuntime, { threads: 2 }));
