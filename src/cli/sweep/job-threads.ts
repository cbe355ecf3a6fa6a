/** Threads that run commands, as many at a time as there are. */
import { Worker } from "node:worker_threads";
import { LstmkitError } from "../../errors.ts";
import { JOB_THREAD, type ThreadEnd, type ThreadEpoch, type ThreadRun } from "./job-thread.ts";

/** A thread, started when it is first needed and again after it was lost. */
class JobThread {
  #worker: Worker | null = null;
  /** Told where it ends while it has something to do. */
  #lost: ((why: string) => void) | null = null;

  /**
   * @param signal asks the command to stop, which it does after its batch
   * @throws THREAD_FAILED where the thread ends meanwhile
   */
  run(message: ThreadRun, signal: AbortSignal, onEpoch: (epoch: ThreadEpoch) => void): Promise<ThreadEnd> {
    const worker = this.#worker ?? this.#start();
    return new Promise((resolve, reject) => {
      const stop = () => worker.postMessage({ type: "stop" });
      const done = () => {
        signal.removeEventListener("abort", stop);
        this.#lost = null;
        worker.off("message", take);
        worker.unref();
      };
      const take = (answer: ThreadEpoch | ThreadEnd) => {
        if (answer.type === "epoch") {
          onEpoch(answer);
          return;
        }
        done();
        resolve(answer);
      };
      this.#lost = (why) => {
        done();
        reject(new LstmkitError("THREAD_FAILED", `the thread of a job ended in the middle of it (${why}).`));
      };
      worker.ref();
      worker.on("message", take);
      signal.addEventListener("abort", stop, { once: true });
      worker.postMessage(message);
      if (signal.aborted) stop();
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL(import.meta.url), { workerData: JOB_THREAD, argv: [] });
    const ended = (why: string) => {
      if (this.#worker === worker) this.#worker = null;
      this.#lost?.(why);
    };
    worker.on("error", (error) => ended(error.message));
    worker.on("exit", (code) => ended(`exit code ${code}`));
    this.#worker = worker;
    return worker;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }
}

export class JobThreads {
  readonly #idle: JobThread[];
  readonly #all: readonly JobThread[];
  readonly #waiting: ((thread: JobThread) => void)[] = [];

  constructor(count: number) {
    this.#all = Array.from({ length: count }, () => new JobThread());
    this.#idle = [...this.#all];
  }

  /** Waits for a thread that has nothing to do. @throws as JobThread.run */
  async run(
    message: ThreadRun,
    signal: AbortSignal,
    onEpoch: (epoch: ThreadEpoch) => void,
  ): Promise<ThreadEnd> {
    const thread = this.#idle.pop() ?? (await new Promise<JobThread>((take) => this.#waiting.push(take)));
    try {
      return await thread.run(message, signal, onEpoch);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(thread);
      else this.#idle.push(thread);
    }
  }

  /** End them, whatever they do. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map((thread) => thread.close()));
  }
}
