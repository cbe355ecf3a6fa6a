/** The page's side of data-worker.ts. */
import { proxy, type Remote, wrap } from "comlink";
import { LstmkitError } from "lstmkit";
import type { Split } from "lstmkit/data";
import type { DataCalls, GivenFile, Prepared, Wanted } from "./data-worker.ts";

/** Reads data sets in a worker, which starts with the first call and again after it has died. */
export class DataReader {
  #worker: { calls: Remote<DataCalls>; died: Promise<never> } | null = null;

  give(file: File): Promise<GivenFile> {
    return this.#call((calls) => calls.give(file) as Promise<GivenFile>);
  }

  fetchImdb(onProgress: (received: number, total: number) => void): Promise<void> {
    return this.#call((calls) => calls.fetchImdb(proxy(onProgress)));
  }

  stopFetching(): Promise<void> {
    return this.#call((calls) => calls.stopFetching());
  }

  prepare(wanted: Wanted): Promise<Prepared> {
    return this.#call((calls) => calls.prepare(wanted));
  }

  /** A part of what was prepared last, the caller's own. */
  rows(part: "train" | "test"): Promise<Split> {
    return this.#call((calls) => calls.rows(part));
  }

  async #call<T>(work: (calls: Remote<DataCalls>) => Promise<T>): Promise<T> {
    this.#worker ??= this.#start();
    const { calls, died } = this.#worker;
    return Promise.race([work(calls), died]);
  }

  #start() {
    const worker = new Worker(new URL("./data-worker.ts", import.meta.url), { type: "module" });
    const died = new Promise<never>((_, reject) => {
      worker.addEventListener("error", (event) => {
        event.preventDefault();
        worker.terminate();
        this.#worker = null;
        reject(
          new LstmkitError(
            "WORKER_DIED",
            `the worker that reads data is gone: ${event.message || "its script did not load"}. Choose the files again.`,
          ),
        );
      });
    });
    died.catch(() => {}); // it is heard by the calls
    return { calls: wrap<DataCalls>(worker), died };
  }
}
