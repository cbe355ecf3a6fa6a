/** The worker's script, of a session whose last thread is terminated at a message. */
const { Worker } = globalThis;
const threads = [];
globalThis.Worker = class extends Worker {
  constructor(...given) {
    super(...given);
    threads.push(this);
  }
};
addEventListener("message", ({ data }) => {
  if (data === "terminate") threads.at(-1).terminate();
  // As a browser ends a worker: whoever started it is not told.
  else if (data === "end") Worker.prototype.terminate.call(threads.at(-1));
});
// Firefox 153 runs a worker's worker with such an import, and with no other.
void import("./node_modules/lstmkit/dist/runtime-worker.js");
