/**
 * The one checker of options: what a call does not have, or cannot take, is refused by its name. A table
 * says what there is; defaults and messages come from it.
 */
import { closest, distance } from "fastest-levenshtein";
import { type ErrorCode, LstmkitError } from "./errors.ts";

/** What an option takes. */
export interface Option<V = unknown> {
  /** In words, behind "must be". */
  readonly wanted: string;
  accepts(value: unknown): boolean;
  /** What stands for an option that is left out, or undefined. Without this key it has to be given. */
  readonly fallback?: V | undefined;
}

/** An entry for every option of C. */
export type OptionTable<C> = { readonly [K in keyof C]-?: Option<C[K]> };

/** Options that may be left out and stand for nothing then. */
type Optional<T> = { [K in keyof T]: T[K] extends { readonly fallback: undefined } ? K : never }[keyof T];

/** The options C with every default of the table T filled in. */
export type Filled<C, T> = {
  readonly [K in Exclude<keyof C, Optional<T>>]-?: Exclude<C[K], undefined>;
} & { readonly [K in Extract<keyof C, Optional<T>>]?: Exclude<C[K], undefined> };

/**
 * The options of a call with their defaults; a fallback of undefined leaves the key out.
 *
 * @param call as its user knows it, such as `fit()`
 * @param given the caller's, whatever that is; undefined for none
 * @throws BAD_ARGUMENT, or the given code
 */
export function checkOptions<C extends object, T extends OptionTable<C>>(
  call: string,
  given: C | undefined,
  table: T & OptionTable<C>,
  code: ErrorCode = "BAD_ARGUMENT",
): Filled<C, T> {
  const names = Object.keys(table);
  if (given !== undefined && !isOptions(given)) {
    throw new LstmkitError(code, `${call} was given ${show(given)} for its options; ${wantedOf(names)}.`);
  }
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given ?? {})) {
    const option = Object.hasOwn(table, name) ? (table[name as keyof T] as Option) : undefined;
    if (!option) {
      throw new LstmkitError(
        code,
        `${call} has no option ${show(name)}${didYouMean(name, names)}; ${wantedOf(names)}.`,
      );
    }
    if (value === undefined) continue;
    if (!option.accepts(value)) {
      throw new LstmkitError(code, `${call}: ${name} is ${show(value)}; it must be ${option.wanted}.`);
    }
    values[name] = value;
  }
  for (const [name, option] of Object.entries<Option>(table)) {
    if (Object.hasOwn(values, name)) continue;
    if (!Object.hasOwn(option, "fallback")) {
      throw new LstmkitError(code, `${call}: ${name} is missing; it must be ${option.wanted}.`);
    }
    if (option.fallback !== undefined) values[name] = option.fallback;
  }
  return values as Filled<C, T>;
}

/** Those of the given options that another call has, whose table this is. */
export function optionsOf<C extends object>(table: OptionTable<C>, given: object): C {
  return Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(table, name))) as C;
}

const wantedOf = (names: readonly string[]) =>
  names.length > 0 ? `it takes an object with ${names.join(", ")}` : "it takes none";

/** Objects with options of their own: no arrays, dates, maps, buffers, promises. */
function isOptions(given: unknown): boolean {
  return typeof given === "object" && Object.prototype.toString.call(given) === "[object Object]";
}

/** The name that was meant, as a question; nothing where none is near. */
export function didYouMean(name: string, names: readonly string[]): string {
  if (names.length === 0 || name.length > LONGEST_NAME) return "";
  const near = closest(name, names);
  const [from, to] = [name.toLowerCase(), near.toLowerCase()];
  const isNear = distance(from, to) <= Math.max(2, to.length / 3) || (from !== "" && to.startsWith(from));
  return isNear ? `: did you mean ${near}?` : "";
}

const LONGEST_NAME = 64;

/** A value in a message: as JSON where it has one, and never longer than a line. */
export function show(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`.slice(0, LONGEST_SHOWN);
  if (typeof value === "function")
    return cut(value.name ? `the function ${String(value.name)}` : "a function");
  if (typeof value === "string") return cut(JSON.stringify(value.slice(0, LONGEST_SHOWN)));
  if (typeof value !== "object" || value === null) return cut(String(value));
  if (ArrayBuffer.isView(value) || Array.isArray(value)) {
    if (!("length" in value)) return kindOf(value); // a DataView, whose byteLength throws once it is detached
    const { length } = value;
    if (!Array.isArray(value) || length > MOST_SHOWN || value.some((item) => Object(item) === item)) {
      return `${kindOf(value)} of length ${length}`;
    }
    return cut(`[${value.map(show).join(", ")}]`);
  }
  const entries = Object.entries(value).slice(0, MOST_SHOWN + 1);
  const isPlain = isOptions(value) && entries.length <= MOST_SHOWN;
  if (!isPlain || entries.some(([, item]) => Object(item) === item)) return kindOf(value);
  return cut(
    `{ ${entries.map(([name, item]) => `${name}: ${show(item)}`).join(", ")} }`.replace("{  }", "{}"),
  );
}

const LONGEST_SHOWN = 60;
const MOST_SHOWN = 8;

const cut = (text: string) => (text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN - 1)}…` : text);

/** `an array`, `a Float32Array`, `an object`. */
function kindOf(value: object): string {
  if (Array.isArray(value)) return "an array";
  const name = Object.prototype.toString.call(value).slice(8, -1).slice(0, LONGEST_SHOWN);
  if (name === "Object") return "an object";
  return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
}

/** What options take, for tables: `{ ...wholeNumber(1), fallback: 32 }`. */
export const wholeNumber = (least: number, most = Number.MAX_SAFE_INTEGER) => ({
  wanted: `a whole number from ${least} ${most === Number.MAX_SAFE_INTEGER ? "on" : `to ${most}`}`,
  accepts: (value: unknown) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most,
});

/** A number for which `fits`, in words `wanted`. */
export const number = (wanted: string, fits: (value: number) => boolean) => ({
  wanted,
  accepts: (value: unknown) => typeof value === "number" && fits(value),
});

export const oneOf = (...choices: readonly string[]) => ({
  wanted: choices.map((choice) => JSON.stringify(choice)).join(" or "),
  accepts: (value: unknown) => choices.includes(value as string),
});

export const trueOrFalse = {
  wanted: "true or false",
  accepts: (value: unknown) => typeof value === "boolean",
};
export const aString = { wanted: "a string", accepts: (value: unknown) => typeof value === "string" };
export const aFunction = { wanted: "a function", accepts: (value: unknown) => typeof value === "function" };

/** By what is used of it, so that a signal of another realm or of a polyfill is one too. */
export const aSignal = {
  wanted: "an AbortSignal, such as new AbortController().signal",
  accepts: (value: unknown) =>
    typeof value === "object" &&
    value !== null &&
    typeof (value as Partial<AbortSignal>).aborted === "boolean" &&
    typeof (value as Partial<AbortSignal>).addEventListener === "function" &&
    typeof (value as Partial<AbortSignal>).removeEventListener === "function",
};

/** Whether something has elements by number: an array, a typed array; not a string. */
export function isList(value: unknown): value is ArrayLike<unknown> {
  if (typeof value !== "object" || value === null) return false;
  const { length } = value as { length?: unknown };
  return Number.isSafeInteger(length) && Number(length) >= 0;
}
