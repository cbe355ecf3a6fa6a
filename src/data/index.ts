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
export { digitsFromBytes } from "./labelled/digits.ts";
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
export { mobyDickFromBytes } from "./moby-dick.ts";
export { RandomState } from "./random-state.ts";
export { type PadOptions, padSequences, type Side } from "./sequences.ts";
export { birthsSeries } from "./series/births.ts";
export {
  type CalendarFeature,
  calendar,
  calendarFeatures,
  type Elementwise,
  type Features,
} from "./series/calendar.ts";
export type { Times } from "./series/check-times.ts";
export { type SeriesCsvOptions, seriesFromCsv } from "./series/csv-table.ts";
export type { DuplicateRule } from "./series/duplicates.ts";
export type { GapRule } from "./series/fill.ts";
export { type FrequencyLike, frequencyName, parseFrequency } from "./series/frequency.ts";
export { type HolidayFeatureOptions, type Holidays, holidayFeatures } from "./series/holiday-features.ts";
export {
  type SeriesCell,
  type SeriesJsonOptions,
  type SeriesRows,
  seriesFromJson,
  seriesFromRows,
} from "./series/rows-table.ts";
export type { Finding, Frequency, Series, SeriesSet } from "./series/series.ts";
export type { SeriesOptions } from "./series/series-options.ts";
export type { TimeFormatName } from "./series/time-column.ts";
export { timesAfter } from "./series/times-after.ts";
export { type SpamOptions, spamFromBytes } from "./spam.ts";
export type {
  BytePart,
  ByteReader,
  ByteStream,
  CsvSource,
  IndexStore,
  ReadableBytes,
  SeekableBytes,
  StreamedBytes,
} from "./stream/byte-file.ts";
export {
  type NumberBatch,
  type StreamedNumbers,
  type StreamNumbersOptions,
  type StreamScale,
  streamNumbers,
} from "./stream/numbers.ts";
export type { Shuffle } from "./stream/order.ts";
export type { BatchingOptions, StreamedBatches } from "./stream/part.ts";
export type { ScanHooks, StreamProgress } from "./stream/scan.ts";
export {
  type StreamedTextPart,
  type StreamedTexts,
  type StreamTextsOptions,
  streamTexts,
  type TextBatch,
} from "./stream/texts.ts";
export { tokenize } from "./tokenize.ts";
export type { Tokenizer } from "./tokenizers.ts";
export { buildVocabulary, decode, encode, encodeRows, parseWordIndex, wordsOf } from "./vocabulary.ts";
export type { RowLayout, Vocabulary, VocabularyOptions } from "./vocabulary-options.ts";
