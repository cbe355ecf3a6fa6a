/** How text is cut into words. A vocabulary keeps the name of its way, so that all its texts are cut alike. */
import { LstmkitError } from "../errors.ts";
import { show } from "../options.ts";
import { withoutMark } from "./decode-text.ts";
import { type Tokenizer, tokenizerOption } from "./tokenizers.ts";

/**
 * Cuts text into words, in lower case: by "unicode", as new vocabularies are made without a wish of theirs;
 * wordsOf() cuts as a given one was. A `<br />` becomes the word "br", as it is in Keras's IMDB word
 * index (rank 7).
 *
 * Beyond ASCII, composed and decomposed letters are the same (Unicode's NFC), what is invisible is left
 * out, an apostrophe of any shape inside a word is `'`, and each emoji, © or ★ is a word of its own. Other
 * punctuation, signs and blanks separate.
 *
 * @throws BAD_VALUE for what is no string
 */
export function tokenize(text: string): string[] {
  return cut(text, "unicode");
}

/**
 * {@link tokenize}, by a tokenizer's name. Each way cuts further what the one before has cut.
 *
 * @param isWhole says what "unicode" leaves as "keras" has cut it
 * @throws BAD_VALUE for what is no string; UNSUPPORTED_ENGINE for "segmenter" where there is none
 */
export function cut(text: string, tokenizer: Tokenizer, isWhole?: (word: string) => boolean): string[] {
  if (typeof text !== "string") throw notText("the text", text);
  const words = kerasWords(withoutMark(text));
  switch (tokenizer) {
    case "keras":
      return words;
    case "unicode":
      return words.flatMap((word) => (isAscii(word) || isWhole?.(word) ? word : unicodeWords(word)));
    case "segmenter": {
      const segmenter = wordSegmenter();
      return words
        .flatMap((word) => (isAscii(word) ? word : unicodeWords(word)))
        .flatMap((word) => (UNSPACED.test(word) ? segments(segmenter, word) : word));
    }
    default:
      throw new LstmkitError(
        "BAD_ARGUMENT",
        `tokenizer is ${show(tokenizer)}; it must be ${tokenizerOption.wanted}.`,
      );
  }
}

/** For a text that is null, a number, … */
export function notText(name: string, found: unknown): LstmkitError {
  return new LstmkitError("BAD_VALUE", `${name} is ${show(found)}; wanted a string.`);
}

/** What Keras's Tokenizer filters, and the carriage return of Windows line ends. */
const SEPARATORS = /[!"#$%&()*+,\-./:;<=>?@[\\\]^_`{|}~\t\n\r ]+/;

function kerasWords(text: string): string[] {
  return text
    .toLowerCase()
    .split(SEPARATORS)
    .filter((word) => word !== "");
}

const isAscii = (word: string) => /^[\0-\x7f]*$/.test(word);

/** Soft hyphens, joiners, marks of direction, variants of emoji; not the zero-width space, which separates. */
const INVISIBLE = /(?!\u200b)\p{Default_Ignorable_Code_Point}/gu;
/** Typographic ones, accents in their place, and what Windows-1252 read as Latin-1 makes of them. */
const APOSTROPHE = /(?<=[\p{L}\p{M}\p{N}])[\u2018\u2019\u201b\u02bc\uff07\xb4\x91\x92](?=[\p{L}\p{N}])/gu;
/** With the accents upon it, and accents upon what kerasWords has cut off, as of "=" in "≠". */
const SIGN = /(?:(?![\0-\x7f])[\p{P}\p{Z}\p{Sc}\p{Sk}\p{Sm}\p{Cc}]|\u200b)\p{M}*|^\p{M}+/gu;
/** Two letters of a flag are one picture. */
const PICTURE = /(?:\p{Regional_Indicator}{2}|\p{So})\p{M}*/gu;

function unicodeWords(word: string): string[] {
  const plain = word
    .replace(INVISIBLE, "")
    .normalize("NFC")
    .replace(APOSTROPHE, "'")
    .replace(SIGN, " ")
    .replace(PICTURE, " $& ");
  return kerasWords(plain); // NFC makes ASCII of a few signs
}

/** Scripts without blanks between words, for which engines have dictionaries. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** Units of a text that are cut at once: V8 takes time that grows with their square. */
const WINDOW = 256;

function segments(segmenter: Intl.Segmenter, word: string): string[] {
  const found: string[] = [];
  for (let start = 0; start < word.length; ) {
    const isLast = start + WINDOW >= word.length;
    const cuts = [...segmenter.segment(word.slice(start, start + WINDOW))];
    // What the window's end has cut is cut again with what follows.
    const whole = isLast || cuts.length === 1 ? cuts : cuts.slice(0, -1);
    for (const { segment } of whole) {
      found.push(segment);
      start += segment.length;
    }
  }
  return found;
}

let made: Intl.Segmenter | undefined;

/** The language is fixed, or it would be the machine's; dictionaries go by script. */
function wordSegmenter(): Intl.Segmenter {
  if (typeof Intl === "undefined" || typeof Intl.Segmenter !== "function") {
    throw new LstmkitError(
      "UNSUPPORTED_ENGINE",
      'this engine has no Intl.Segmenter, which the tokenizer "segmenter" cuts words with. Use a newer engine, or train with the tokenizer "unicode" (--words unicode on the command line).',
    );
  }
  made ??= new Intl.Segmenter("en", { granularity: "word" });
  return made;
}
