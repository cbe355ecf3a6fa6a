import { encodeRows, padSequences, type Vocabulary, wordsOf } from "lstmkit/data";
import type { EncodedText, Step } from "./page.ts";

/** A text as the model reads it, and what stands at each of its time steps. */
export function encodeText(vocabulary: Vocabulary, text: string): EncodedText {
  const x = encodeRows(vocabulary, [text]);
  const { startChar, oovChar, indexFrom, padding, truncating } = vocabulary;
  const known = new Set(vocabulary.words);
  const tokens = wordsOf(vocabulary, text).filter((word) => oovChar !== null || known.has(word));
  const written = startChar === null ? tokens : ["", ...tokens];
  // The places of the words, cut and padded as the ids are; 0 is padding.
  const layout = { ...(padding && { padding }), ...(truncating && { truncating }) };
  const places = padSequences([written.map((_, i) => i + 1)], { maxLen: x.shape[1]!, ...layout }).data;
  const steps = Array.from(places, (place, t): Step => {
    const id = x.data[t]!;
    if (place === 0) return { id, word: "", kind: "padding" };
    if (place === 1 && startChar !== null) return { id, word: "", kind: "start" };
    return { id, word: written[place - 1]!, kind: id > indexFrom ? "known" : "unknown" };
  });
  return { text, total: tokens.length, x, steps };
}
