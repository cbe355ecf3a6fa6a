import { LstmkitError } from "../errors.ts";

/**
 * Keeps promises of calls to a worker that may be gone before it answers: Comlink's stay pending then,
 * these reject.
 */
export class Guard {
  readonly #pending = new Set<(error: LstmkitError) => void>();
  readonly #hold: (alive: boolean) => void;
  #ending: (() => LstmkitError) | null = null;

  /** @param hold told when the first call begins and when the last one has settled */
  constructor(hold: (alive: boolean) => void) {
    this.#hold = hold;
  }

  /** Reject every call, those that are pending and those to come. The first reason stays. */
  end(reason: () => LstmkitError): void {
    this.#ending ??= reason;
    for (const reject of this.#pending) reject(this.#ending());
  }

  get ended(): boolean {
    return this.#ending !== null;
  }

  /** @throws BAD_ARGUMENT when an argument cannot be sent; what end() was given */
  async call<T>(work: () => Promise<T>): Promise<T> {
    if (this.#ending) throw this.#ending();
    let reject: (error: LstmkitError) => void = () => {};
    const ended = new Promise<never>((_, refuse) => {
      reject = refuse;
    });
    this.#pending.add(reject);
    if (this.#pending.size === 1) this.#hold(true);
    try {
      return await Promise.race([work(), ended]);
    } catch (error) {
      if (isCloneError(error)) throw notSendable(error);
      throw error;
    } finally {
      this.#pending.delete(reject);
      if (this.#pending.size === 0) this.#hold(false);
    }
  }
}

function notSendable(cause: Error): LstmkitError {
  return new LstmkitError(
    "BAD_ARGUMENT",
    `an argument cannot be sent to the worker: ${cause.message} Give plain objects, numbers and typed arrays.`,
    { cause },
  );
}

const isCloneError = (error: unknown): error is Error =>
  error instanceof Error && error.name === "DataCloneError";

/** Whether a call was refused because an argument of it cannot be sent. */
export const isNotSendable = (error: unknown): boolean => isCloneError(Object(error).cause);
