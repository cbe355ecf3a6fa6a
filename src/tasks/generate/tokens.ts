/**
 * Texts as tokens, characters or words, and tokens as ids. Joined again, the tokens of a text are the text.
 *
 * A character is a code point of Unicode, in NFC: é is one whether it came as one or two. Clusters of several code points
 * (flags, families) are written code point by code point, because which belong together is another thing to each
 * engine's version of Unicode. A word takes the blank before it along; a sign, a line break and a further blank stand
 * alone; scripts without blanks between words go by character.
 */
import { LstmkitError } from "../../errors.ts";

/** What a text is cut into. */
export type Unit = "characters" | "words";

/** The id of all tokens that are not in the vocabulary; it is never written. */
export const UNKNOWN = 0;

const WORDS =
  / ?[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]\p{M}*| ?(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}])\p{L}[\p{M}\u200d]*)+(?:['’](?:\p{L}\p{M}*)+)*| ?\p{N}+| ?[^\s\p{L}\p{N}]|\s/gu;

/** A text as models read it: NFC, line ends as \n. */
export function normalised(text: string): string {
  return text.replace(/\r\n?/g, "\n").normalize("NFC");
}

/** Hand the tokens of a normalised text out, one after the other. */
export function eachToken(text: string, unit: Unit, take: (token: string) => void): void {
  if (unit === "characters") {
    for (const character of text) take(character);
    return;
  }
  for (const [token] of text.matchAll(WORDS)) take(token);
}

/** A place near `at` where a normalised text can be cut without cutting a token. */
export function cutNear(text: string, at: number, unit: Unit): number {
  const window = text.slice(at, at + MOST_SEARCHED);
  const found = unit === "words" ? window.search(/\s/) : -1;
  if (found >= 0) return at + found;
  const isInside = at > 0 && /[\ud800-\udbff]/.test(text[at - 1]!) && /[\udc00-\udfff]/.test(text[at] ?? "");
  return isInside ? at + 1 : at;
}

const MOST_SEARCHED = 1000;

/** Which tokens there are, and the ids that they have: 1 and on in order, 0 for all others. */
export class Vocabulary {
  readonly unit: Unit;
  /** The token of id 1, 2, … */
  readonly tokens: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;

  /** @throws BAD_MODEL_FILE where a token is there twice */
  constructor(unit: Unit, tokens: readonly string[]) {
    this.unit = unit;
    this.tokens = tokens;
    this.#ids = new Map(tokens.map((token, i) => [token, i + 1]));
    if (this.#ids.size < tokens.length)
      throw new LstmkitError("BAD_MODEL_FILE", "the vocabulary has a token twice; train the model again.");
  }

  /** Ids, that of the unknown token included. */
  get size(): number {
    return this.tokens.length + 1;
  }

  /** The id of a token, UNKNOWN where it is not in the vocabulary. */
  idOf(token: string): number {
    return this.#ids.get(token) ?? UNKNOWN;
  }

  /** The ids of a normalised text. */
  encode(text: string): Uint16Array {
    let ids = new Uint16Array(this.unit === "characters" ? text.length : Math.ceil(text.length / 4) + 16);
    let length = 0;
    eachToken(text, this.unit, (token) => {
      if (length === ids.length) {
        const longer = new Uint16Array(length * 2);
        longer.set(ids);
        ids = longer;
      }
      ids[length++] = this.idOf(token);
    });
    return ids.slice(0, length);
  }

  /**
   * The tokens of a text that occur `least` times, the `most` frequent of them; of equally frequent ones those whose code
   * comes first. Their order is that of their codes, so that it does not change with a few more letters of text.
   */
  static of(text: string, unit: Unit, { least, most }: { least: number; most: number }): Vocabulary {
    const counts = new Map<string, number>();
    eachToken(text, unit, (token) => {
      if (isWhole(token)) counts.set(token, (counts.get(token) ?? 0) + 1);
    });
    const kept = [...counts].filter(([, count]) => count >= least);
    kept.sort(([a, m], [b, n]) => n - m || byCode(a, b));
    const tokens = kept.slice(0, most).map(([token]) => token);
    return new Vocabulary(unit, tokens.sort(byCode));
  }
}

/** No half of a surrogate pair, which a file of UTF-8 could not hold. */
export const isWhole = (token: string): boolean => !/\p{Cs}/u.test(token);

const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
