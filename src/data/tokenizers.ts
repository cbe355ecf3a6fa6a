/** The names of the ways to cut text into words; how each does it is in tokenize.ts. */
import { oneOf } from "../options.ts";

/**
 * The ways to cut. ASCII is cut alike by all of them: in lower case, at blanks and punctuation other than
 * the apostrophe.
 *
 * - `"keras"`: as Keras's `text_to_word_sequence`, which knows ASCII only. “Film” with its quotes is one
 *   word, and so is a whole Chinese sentence.
 * - `"unicode"`: at all Unicode has of blanks, punctuation and other signs; see tokenize().
 * - `"segmenter"`: the same, and scripts that are written without blanks by the dictionaries of
 *   `Intl.Segmenter`, which may differ from one engine's version to the next.
 */
export const TOKENIZERS = ["keras", "unicode", "segmenter"] as const;
/** How texts are cut into words. */
export type Tokenizer = (typeof TOKENIZERS)[number];

/** For tables of options. */
export const tokenizerOption = oneOf(...TOKENIZERS);
