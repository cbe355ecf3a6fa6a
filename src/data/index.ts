/** lstmkit/data: data sets from bytes and text, in any runtime. */
export type { Classes, ClassNames, Rename } from "./classes.ts";
export { countSplit, type SplitCounts } from "./counts.ts";
export { type CsvOptions, type CsvTexts, csvColumns, textsFromCsv } from "./csv.ts";
export {
  datasetFromTexts,
  type LabelledTexts,
  type Split,
  type TextDataset,
  type TextDatasetOptions,
} from "./dataset.ts";
export { type DecodeOptions, decodeText } from "./decode-text.ts";
export { type ImdbOptions, type ImdbTexts, imdbFromNpz, imdbFromTexts } from "./imdb.ts";
export { imdbTextsOfTarGz } from "./imdb-archive.ts";
export { IMDB_FILES, KERAS_DATASETS } from "./imdb-files.ts";
export { sequencesFromCsv } from "./labelled/csv.ts";
export { type SequenceFile, sequencesFromFile, sequencesFromFiles } from "./labelled/files.ts";
export { sequencesFromLines } from "./labelled/lines.ts";
export type { SequenceOptions } from "./labelled/options.ts";
export {
  type LabelKind,
  type LooseSequenceSet,
  type SequenceColumns,
  type SequenceInput,
  type SequenceSet,
  sequenceSet,
} from "./labelled/set.ts";
export { sequencesFromTs } from "./labelled/ts-file.ts";
export { RandomState } from "./random-state.ts";
export { type PadOptions, padSequences, type Side } from "./sequences.ts";
export type { Finding, Frequency, Series, SeriesSet } from "./series/series.ts";
export { type SpamOptions, spamFromBytes } from "./spam.ts";
export { tokenize } from "./tokenize.ts";
export type { Tokenizer } from "./tokenizers.ts";
export { buildVocabulary, decode, encode, encodeRows, parseWordIndex, wordsOf } from "./vocabulary.ts";
export type { RowLayout, Vocabulary, VocabularyOptions } from "./vocabulary-options.ts";
