/**
 * The job as a worker of workerd, a phase a request: its clocks stand still while it computes, so the time
 * is taken by who asks.
 */
import * as lstmkit from "lstmkit";
import { openJob, STEPS } from "./job.js";

let job;

const phases = {
  "/open": async () => {
    job = await openJob(lstmkit, lstmkit.createRuntime, { threads: 2 });
  },
  "/train": async () => {
    await job.train();
    return { steps: STEPS };
  },
  "/finish": () => job.finish(),
};

// biome-ignore lint/style/noDefaultExport: workerd calls the default export
export default {
  async fetch(request) {
    try {
      return Response.json((await phases[new URL(request.url).pathname]()) ?? {});
    } catch (error) {
      return new Response(error.stack, { status: 500 });
    }
  },
};
