/** A part of data, answered and measured. */
import type { SequenceSet } from "../../data/labelled/set.ts";
import type { Model } from "../../index.ts";
import type { Encoded, Piece } from "./encode.ts";
import { type LearnPart, lossOf, outputsOf } from "./learn.ts";
import { majority, measure } from "./measure.ts";
import type { ClassifierFacts } from "./record.ts";
import type { ClassifyEvaluation } from "./report.ts";

/** The outputs of a sequence, of all its pieces. */
export function resultsOf(
  sequences: number,
  pieces: readonly Piece[],
  outputs: readonly Float32Array[],
): readonly Float32Array[] {
  const parts = Array.from({ length: sequences }, () => [] as Float32Array[]);
  for (const [i, { sequence }] of pieces.entries()) parts[sequence]!.push(outputs[i]!);
  return parts.map((own) => {
    if (own.length === 1) return own[0]!;
    const all = new Float32Array(own.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of own) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  });
}

export async function evaluatePart(
  model: Model,
  set: SequenceSet,
  part: LearnPart,
  { labels, classes, encoding }: Pick<ClassifierFacts, "labels" | "classes" | "encoding">,
  signal: AbortSignal | undefined,
): Promise<ClassifyEvaluation> {
  const outputs = await outputsOf(model, part.encoded, labels, classes.length, signal);
  const loss = await lossOf(model, part, labels, classes.length, signal);
  const results = resultsOf(set.sequences.length, part.encoded.pieces, outputs);
  const { vocabulary } = encoding;
  return {
    ...measure(labels, classes, results, part.labels),
    loss,
    baselines: [majority(labels, classes, part.labels)],
    ...(vocabulary && { words: wordsIn(part.encoded, vocabulary.startChar, vocabulary.oovChar) }),
  };
}

function wordsIn(
  { pieces }: Encoded,
  start: number | null,
  unknownId: number | null,
): { read: number; unknown: number } {
  let [read, unknown] = [0, 0];
  for (const { values } of pieces) {
    for (const id of values) {
      if (id === 0 || id === start) continue;
      read++;
      if (id === unknownId) unknown++;
    }
  }
  return { read, unknown };
}
