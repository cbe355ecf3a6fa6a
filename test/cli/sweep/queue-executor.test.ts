/** What a queue tells of a job while it changes. */
import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import type { Job } from "../../../src/cli/sweep/jobs.ts";
import { queueExecutor } from "../../../src/cli/sweep/queue-executor.ts";
import type { QueueServer } from "../../../src/cli/sweep/queue-server.ts";

/** A server whose one job is done, in the way of `end`, between the first question about it and the second. */
function serverOf(end: { state: "completed" | "failed"; returnvalue: unknown; failedReason?: string }) {
  let events: EventEmitter;
  let isThere = false;
  let questions = 0;
  const now = () => {
    if (!isThere) return { state: "unknown" as const };
    return questions++ === 0 ? { state: "active" as const, returnvalue: null } : end;
  };
  class Queue extends EventEmitter {
    async add() {
      isThere = true;
      setTimeout(() => events.emit(end.state, { jobId: "sweep-0001-0" }), 10);
      setTimeout(() => events.emit(end.state, { jobId: "sweep-0001-0" }), 50);
    }
    getJobState = async () => now().state;
    async getJob() {
      return isThere ? { ...now(), getState: async () => now().state } : undefined;
    }
    async close() {}
  }
  class QueueEvents extends EventEmitter {
    constructor() {
      super();
      events = this;
    }
    async waitUntilReady() {}
    async close() {}
  }
  const connection = { duplicate: () => connection, on() {}, disconnect() {}, status: "wait" };
  return {
    bull: { Queue, QueueEvents },
    connection,
    queueName: "q",
    address: "a",
    caution: null,
  } as unknown as QueueServer;
}

test.each([
  [{ state: "completed", returnvalue: { kind: "trial" } }, { result: { kind: "trial" } }],
  [
    { state: "failed", returnvalue: null, failedReason: "BAD_CSV: line 2" },
    { failure: { code: "BAD_CSV", message: "line 2" } },
  ],
] as const)(
  "a job that ends while it is asked about is told with what it ended with: %o",
  async (end, outcome) => {
    const executor = await queueExecutor(serverOf(end), {
      sweep: "sweep",
      retries: 0,
      send: [],
      note: () => {},
    });
    try {
      const job = { kind: "trial", id: "0001-0" } as unknown as Job;
      expect(await executor.run(job, new AbortController().signal, () => {})).toEqual(outcome);
    } finally {
      await executor.close();
    }
  },
);
