/** Texts at which to stop, in a text that comes in pieces. */

/** Holds back what may be the beginning of one of the texts, until it is known whether it is. */
export class StopStrings {
  readonly #stops: readonly string[];
  #held = "";
  #isMet = false;

  constructor(stop: string | readonly string[]) {
    this.#stops = typeof stop === "string" ? [stop] : stop;
  }

  /** Whether one of them has come. */
  get isMet(): boolean {
    return this.#isMet;
  }

  /** The text that is sure with this token: nothing from a stop text on. */
  add(token: string): string {
    if (this.#stops.length === 0) return token;
    const text = this.#held + token;
    const found = this.#stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
    if (found.length > 0) {
      this.#isMet = true;
      this.#held = "";
      return text.slice(0, Math.min(...found));
    }
    const held = Math.max(...this.#stops.map((stop) => overlap(text, stop)));
    this.#held = text.slice(text.length - held);
    return text.slice(0, text.length - held);
  }

  /** What was held back where the text ends without a stop text. */
  end(): string {
    const held = this.#held;
    this.#held = "";
    return held;
  }
}

/** How much of the end of `text` is a beginning of `stop`. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) {
    if (stop.startsWith(text.slice(text.length - length))) return length;
  }
  return 0;
}
