/** Who is told of a fit. */
import { type CallbackState, otherCallbacks } from "./checkpoint.ts";
import type { Callback, FitContext, FitOptions } from "./model.ts";

/** What a fit tells, by the names of a callback's functions. */
export const EVENTS = [
  "onTrainBegin",
  "onEpochBegin",
  "onBatchEnd",
  "onEpochEnd",
  "onNotFinite",
  "onTrainEnd",
] as const satisfies readonly (keyof Callback)[];

export type FitEvent = (typeof EVENTS)[number];

/** What is said beside the context. */
export type Said<E extends FitEvent> =
  Parameters<Required<Callback>[E]> extends [...infer S, FitContext] ? S : never;

type Answer = void | Promise<void>;

/** An object, of this realm or another, whose functions that sound like events are some. */
export function isCallback(value: unknown): value is Callback {
  if (typeof value !== "object" || value === null) return false;
  const own = value as Readonly<Record<string, unknown>>;
  const events: readonly string[] = EVENTS;
  const isFunction = (name: string) => own[name] === undefined || typeof own[name] === "function";
  return (
    events.every(isFunction) &&
    Object.keys(own).every((name) => !/^on[A-Z]/.test(name) || events.includes(name))
  );
}

/** The callbacks and the two functions of a fit, as one. */
export class Listeners {
  readonly #all: readonly Callback[];

  constructor({ callbacks = [], onBatchEnd, onEpochEnd }: FitOptions) {
    this.#all = [
      ...callbacks,
      {
        ...(onBatchEnd && { onBatchEnd: (batch, logs) => onBatchEnd(batch, logs) }),
        ...(onEpochEnd && { onEpochEnd: (epoch, logs) => onEpochEnd(epoch, logs) }),
      },
    ];
  }

  /** What each callback has to remember; null of one that remembers nothing. */
  states(): (CallbackState | null)[] {
    return this.#all.map((one) => one.getState?.() ?? null);
  }

  /** @throws BAD_CHECKPOINT where they are of other callbacks */
  setStates(states: readonly (CallbackState | null)[]): void {
    if (states.length !== this.#all.length) throw otherCallbacks(states.length - 1, this.#all.length - 1);
    for (const [i, state] of states.entries()) if (state) this.#all[i]!.setState?.(state);
  }

  hears(event: FitEvent): boolean {
    return this.#all.some((one) => one[event]);
  }

  /** One after the other. @returns a promise only where one of them gave one: there is nothing to wait for else */
  tell<E extends FitEvent>(event: E, said: Said<E>, context: FitContext): Answer {
    return this.#tellFrom(0, event, said, context);
  }

  #tellFrom(first: number, event: FitEvent, said: readonly unknown[], context: FitContext): Answer {
    for (let i = first; i < this.#all.length; i++) {
      const one = this.#all[i] as Readonly<Record<FitEvent, (...args: readonly unknown[]) => Answer>>;
      const answer = one[event]?.(...said, context);
      if (answer) return Promise.resolve(answer).then(() => this.#tellFrom(i + 1, event, said, context));
    }
  }
}
