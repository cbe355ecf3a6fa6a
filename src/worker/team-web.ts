/** A thread of the team, as a Web Worker. */
import { serveTeam } from "../model/team.ts";
import { instantiateKernels } from "../runtime/kernels.ts";
import type { ThreadInit } from "../runtime/platform.ts";

addEventListener("message", async ({ data }: MessageEvent<ThreadInit>) => {
  const kernels = await instantiateKernels(data.module, data.memory);
  postMessage("ready");
  serveTeam(kernels, data.memory, data.index, data.size);
  postMessage("ended");
  close();
});
