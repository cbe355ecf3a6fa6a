/** A CSV file from its beginning to its end, in bounded memory: what its columns are, and its rows as they come. */
import { crc32 } from "../../crc32.ts";
import { LstmkitError } from "../../errors.ts";
import type { HostSignal } from "../../host-types.ts";
import { aFunction, aSignal } from "../../options.ts";
import { CSV_OPTIONS, type CsvOptions, checkCells, tableOf } from "../csv.ts";
import { breaksIn, csvRows, findSeparator, type Row, RowReader } from "../csv-rows.ts";
import { PieceDecoder, type RowCoding, rowCoding } from "../decode-text.ts";
import type { ByteFile } from "./byte-file.ts";

/** How far the first reading of a file is. */
export interface StreamProgress {
  readonly bytes: number;
  /** Undefined for a stream, whose length nobody knows. */
  readonly size: number | undefined;
  readonly rows: number;
}

/** What whoever reads a file for the first time is told and may do. */
export interface ScanHooks {
  /** Told after each piece, a quarter of a megabyte. */
  readonly onProgress?: (progress: StreamProgress) => void;
  /** Ends the reading: it rejects with ABORTED. */
  readonly signal?: HostSignal;
}

export const SCAN_OPTIONS = {
  onProgress: { ...aFunction, fallback: undefined },
  signal: { ...aSignal, fallback: undefined },
};

export type TableFlags = Pick<CsvOptions, "header" | "separator" | "quote" | "encoding">;

export const TABLE_FLAGS = {
  header: CSV_OPTIONS.header,
  separator: CSV_OPTIONS.separator,
  quote: CSV_OPTIONS.quote,
  encoding: CSV_OPTIONS.encoding,
};

/** What was found out at the beginning of a file. */
export interface Layout {
  readonly separator: string;
  readonly hasQuotes: boolean;
  readonly names: readonly string[];
  readonly hasHeader: boolean;
  /** Undefined in an encoding whose rows cannot be read by themselves. */
  readonly coding: RowCoding | undefined;
  /** The rows that it was found out by, below the header. */
  readonly sample: readonly Row[];
}

/** Characters that are looked at to find out what the columns are; and rows of them at most. */
const SAMPLE = 2 ** 16;
const SAMPLE_ROWS = 1000;

/** Rows that have ended with a piece of the file, and what was read until then. */
export interface Scanned {
  readonly layout: Layout;
  readonly rows: readonly Row[];
  /** Bytes so far, and their checksum. */
  readonly bytes: number;
  readonly crc: number;
}

export type ScanOptions = TableFlags & Pick<CsvOptions, "text" | "label" | "classes" | "rename">;

/**
 * Reads a file piece by piece; a header is not among the rows. The separator, and whether there is a header, are told by
 * the first 65,536 characters, and of these by 1,000 rows at most.
 *
 * @throws BAD_CSV with the line, FILE_UNREADABLE, ABORTED; what a stream of the caller's throws
 */
export async function* scan(
  file: ByteFile,
  given: ScanOptions,
  { onProgress, signal }: ScanHooks = {},
): AsyncGenerator<Scanned> {
  const decoder = new PieceDecoder(given.encoding);
  const head = { bytes: new Uint8Array(0), text: "", wanted: SAMPLE };
  let opened: { readonly layout: Layout; readonly reader: RowReader } | null = null;
  let [count, bytes, crc] = [0, 0, 0];
  for await (const { piece, isLast } of withEnd(file.pieces())) {
    if (signal?.aborted) {
      throw new LstmkitError("ABORTED", "the reading of the file was stopped by the signal.", {
        cause: signal.reason,
      });
    }
    bytes += piece.length;
    crc = crc32(piece, crc);
    const decoded = decoder.decode(piece, isLast);
    const { fault } = decoded;
    const refuse = (line: number) => decoder.refusal(`line ${line}`, fault!, "BAD_CSV");
    let { text } = decoded;
    if (!opened) {
      if (head.bytes.length < 4) head.bytes = Uint8Array.of(...head.bytes, ...piece.subarray(0, 4));
      head.text += text;
      if (fault !== undefined) throw refuse(1 + breaksIn(head.text));
      if (!isLast && head.text.length <= head.wanted) continue;
      const layout = layoutOf(head, isLast, given);
      if (!layout) {
        head.wanted = head.text.length * 2; // the first row is a long one
        continue;
      }
      opened = { layout, reader: readerOf(layout) };
      text = head.text;
      head.text = "";
    }
    const { layout, reader } = opened;
    const rows: Row[] = [];
    let failed: { readonly error: unknown } | null = null;
    try {
      for (const row of reader.read(text, isLast && fault === undefined)) {
        if (count++ === 0 && layout.hasHeader) continue;
        checkCells(row, layout.names, layout.hasHeader);
        rows.push(row);
      }
    } catch (error) {
      failed = { error };
    }
    yield { layout, rows, bytes, crc };
    if (failed) throw failed.error;
    if (fault !== undefined) throw refuse(reader.lastLine);
    onProgress?.({ bytes, size: file.size, rows: count - (layout.hasHeader ? 1 : 0) });
  }
}

/** An empty piece at the end, which says so. */
async function* withEnd(pieces: AsyncIterable<Uint8Array>) {
  for await (const piece of pieces) yield { piece, isLast: false };
  yield { piece: new Uint8Array(0), isLast: true };
}

function readerOf({ separator, hasQuotes, coding }: Layout): RowReader {
  return new RowReader(separator, hasQuotes, coding && { measure: coding.measure, base: coding.mark });
}

/** Null where there are no two rows yet. @param isWhole whether there is no more. @throws BAD_CSV */
function layoutOf(
  head: { readonly bytes: Uint8Array; readonly text: string },
  isWhole: boolean,
  given: ScanOptions,
): Layout | null {
  const hasQuotes = given.quote !== "none";
  const separator = given.separator ?? findSeparator(head.text, hasQuotes);
  const found: Row[] = [];
  const reader = isWhole
    ? csvRows(head.text, separator, hasQuotes)
    : new RowReader(separator, hasQuotes).read(head.text, false);
  for (const row of reader) if (found.push(row) > SAMPLE_ROWS) break;
  if (!isWhole && found.length < 2) return null;
  const table = tableOf(separator, found, given);
  const coding = rowCoding(head.bytes, given.encoding);
  return {
    separator,
    hasQuotes,
    names: table.names,
    hasHeader: table.hasHeader,
    coding,
    sample: table.rows,
  };
}
