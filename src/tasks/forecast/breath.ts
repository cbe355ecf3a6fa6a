/** Long work in this thread, in pieces: between two of them the host's events have their turn. */
import { nextTurn, now } from "../../clock.ts";
import { LstmkitError } from "../../errors.ts";

/** Milliseconds that work goes on before others have a turn; a picture of 60 a second waits for 16. */
const PIECE = 10;

/** Awaited here and there in a loop, it waits only where so much time has passed. */
export class Breath {
  readonly #signal: AbortSignal | undefined;
  #since = now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Whether it is time to await {@link take}. */
  get isDue(): boolean {
    return now() - this.#since > PIECE;
  }

  /** @throws ABORTED */
  async take(): Promise<void> {
    await nextTurn();
    this.check();
    this.#since = now();
  }

  /** @throws ABORTED */
  check(): void {
    if (this.#signal?.aborted) throw new LstmkitError("ABORTED", "the call was aborted by its signal.");
  }
}
