/** The page's side of a worker. */
import { type Remote, wrap } from "comlink";
import { LstmkitError } from "lstmkit";

/** A worker that starts with the first call, and again after it has died. */
export class WorkerLink<Calls> {
  readonly #start: () => Worker;
  /** What to do after the worker has died: a sentence. */
  readonly #remedy: string;
  #worker: { worker: Worker; calls: Remote<Calls>; died: Promise<never> } | null = null;

  constructor(start: () => Worker, remedy: string) {
    this.#start = start;
    this.#remedy = remedy;
  }

  /** @throws what the call throws; WORKER_DIED */
  async call<T>(work: (calls: Remote<Calls>) => Promise<T>): Promise<T> {
    this.#worker ??= this.#open();
    const { calls, died } = this.#worker;
    return Promise.race([work(calls), died]);
  }

  /** End it, whatever it is at; calls that wait never settle. */
  end(): void {
    this.#worker?.worker.terminate();
    this.#worker = null;
  }

  #open() {
    const worker = this.#start();
    const died = new Promise<never>((_, reject) => {
      worker.addEventListener("error", (event) => {
        event.preventDefault();
        worker.terminate();
        this.#worker = null;
        const reason = event.message || "its script did not load";
        reject(new LstmkitError("WORKER_DIED", `the worker is gone: ${reason}. ${this.#remedy}`));
      });
    });
    died.catch(() => {}); // it is heard by the calls
    return { worker, calls: wrap<Calls>(worker), died };
  }
}
