/**
 * JSON from a file that anybody may have written. JSON.parse alone lets a small text fill the heap, which ends
 * the process, keeps the last of two values under one key without a word, and leaves values so deep that
 * printing them overflows the stack.
 */
import { show } from "./options.ts";

/** A model's header goes 3 deep. */
const DEEPEST = 16;
/** An empty object takes 60 bytes: 250 MB at the very most. A vocabulary has a value a word. */
const MOST_VALUES = 2 ** 22;
/** A key takes some 300 bytes and 5 µs. A word index has a key a word, a model four a tensor. */
const MOST_KEYS = 2 ** 20;

/** Why a text is not read; the message is a predicate, such as `is not JSON`. */
export class JsonError extends Error {}

/**
 * JSON.parse for files.
 *
 * @throws JsonError when it is no JSON, has a key twice, or more depth or values than any file of ours
 */
export function parseJson(text: string): unknown {
  checkStructure(text);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new JsonError("is not JSON", { cause });
  }
}

/** What is open: an array, or an object with the keys it has so far. */
interface Level {
  readonly isObject: boolean;
  keys?: Set<string>;
}

/**
 * Looks at brackets, commas and keys alone; whether they make JSON is JSON.parse's to say.
 *
 * @throws JsonError where parseJson would refuse its size, its depth or a key
 */
export function checkStructure(text: string): void {
  const open: Level[] = [];
  let values = 0;
  let keys = 0;
  let isKey = false;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case "{":
      case "[":
        isKey = text[at] === "{";
        open.push({ isObject: isKey });
        if (open.length > DEEPEST) throw new JsonError(`is nested more than ${DEEPEST} deep`);
        values++;
        break;
      case "}":
      case "]":
        open.pop();
        isKey = false;
        break;
      case ",":
        isKey = open.at(-1)?.isObject === true;
        values++;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (end < 0) return;
        if (isKey) {
          addKey(open.at(-1)!, text.slice(at, end + 1));
          keys++;
          isKey = false;
        }
        at = end;
      }
    }
    if (values > MOST_VALUES) throw new JsonError(`holds more than ${MOST_VALUES} values`);
    if (keys > MOST_KEYS) throw new JsonError(`holds more than ${MOST_KEYS} keys`);
  }
}

function addKey(level: Level, quoted: string): void {
  let key = quoted.slice(1, -1);
  if (key.includes("\\")) {
    try {
      key = JSON.parse(quoted) as string;
    } catch (cause) {
      throw new JsonError("is not JSON", { cause });
    }
  }
  level.keys ??= new Set();
  if (level.keys.has(key)) throw new JsonError(`has the key ${show(key)} twice`);
  level.keys.add(key);
}

/** Where the string that begins at `start` has its second quote, or -1. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text[end - 1 - escapes] === "\\") escapes++;
    if (escapes % 2 === 0) return end;
  }
  return -1;
}
