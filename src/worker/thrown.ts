/**
 * Errors across the boundary. Comlink keeps name, message and stack; here the code, the cause and
 * whatever else an error has of plain values come along, and an LstmkitError arrives as one.
 */
import { transferHandlers } from "comlink";
import { type ErrorCode, LstmkitError } from "../errors.ts";

type Plain = string | number | boolean | bigint | null | undefined;

/** An error as data. */
interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Present where the error has one. */
  readonly cause?: Sent;
  /** Own enumerable properties, such as `code`. */
  readonly details: Record<string, Plain>;
}

type Sent = { readonly error: SentError } | { readonly value: unknown };

/** A cause of a cause …: no deeper than this. */
const DEPTH = 4;

/** Use these errors for all of Comlink's calls, on either side. */
export function installThrowHandler(): void {
  const { canHandle } = transferHandlers.get("throw")!;
  transferHandlers.set("throw", {
    canHandle,
    serialize: (thrown) => [flatten((thrown as { value: unknown }).value), []],
    deserialize(sent) {
      throw revive(sent as Sent);
    },
  });
}

/** An error as plain data; any other value as it is. */
export function flatten(value: unknown, depth = DEPTH): Sent {
  if (!(value instanceof Error)) return { value };
  const { name, message, stack } = value;
  const details: Record<string, Plain> = {};
  for (const [key, detail] of Object.entries(value)) {
    if (key !== "name" && key !== "cause" && isPlain(detail)) details[key] = detail;
  }
  if (value.cause === undefined) return { error: { name, message, stack, details } };
  const cause =
    value.cause instanceof Error && depth > 0
      ? flatten(value.cause, depth - 1)
      : { value: isPlain(value.cause) ? value.cause : String(value.cause) };
  return { error: { name, message, stack, details, cause } };
}

/** What flatten() was given, of the same class where that is one of the language's or ours. */
export function revive(sent: Sent): unknown {
  if ("value" in sent) return sent.value;
  const { name, message, stack, details } = sent.error;
  const options = sent.error.cause && { cause: revive(sent.error.cause) };
  const error = blank(name, message, details, options);
  if (error.name !== name) Object.defineProperty(error, "name", { value: name, configurable: true });
  if (stack !== undefined) {
    Object.defineProperty(error, "stack", { value: stack, configurable: true, writable: true });
  }
  return Object.assign(error, details);
}

function blank(name: string, message: string, { code }: Record<string, Plain>, options?: ErrorOptions) {
  const prefix = `${String(code)}: `;
  if (name === "LstmkitError" && message.startsWith(prefix)) {
    return new LstmkitError(code as ErrorCode, message.slice(prefix.length), options);
  }
  const known = (globalThis as unknown as Record<string, unknown>)[name];
  const isError = typeof known === "function" && known.prototype instanceof Error && known.length === 1;
  return new (isError ? (known as ErrorConstructor) : Error)(message, options);
}

function isPlain(value: unknown): value is Plain {
  return value === null || !["object", "function", "symbol"].includes(typeof value);
}
