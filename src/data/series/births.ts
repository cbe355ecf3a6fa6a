import { type Bytes, bytesOf } from "../../bytes.ts";
import { crc32 } from "../../crc32.ts";
import { LstmkitError } from "../../errors.ts";
import { DAY } from "./clock.ts";
import type { SeriesSet } from "./series.ts";

/*
 * A small file for one series of days with whole numbers from 0 to 65535:
 *
 *   8 bytes   "LSTMDAY1"
 *   4 bytes   CRC-32 of what follows, little-endian
 *   4 bytes   the first day, counted from 1970-01-01, little-endian
 *   the rest  2 bytes a day, little-endian
 */

const MAGIC = "LSTMDAY1";
const PREFIX_LENGTH = 16;

/** The name of the column, in files and in forecasts. */
const NAME = "births";

/**
 * The series that ships with the package: births in the United States, day by day from 2000 to 2014. `bytes` is
 * assets/births.bin.
 *
 * @throws BAD_DATASET when the file is damaged, BAD_ARGUMENT for what has no bytes
 */
export function birthsSeries(bytes: Bytes): SeriesSet {
  const file = bytesOf(bytes, "birthsSeries()");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const magic = String.fromCharCode(...file.subarray(0, MAGIC.length));
  const length = (file.length - PREFIX_LENGTH) / 2;
  const isWhole = Number.isInteger(length) && length > 0;
  if (magic !== MAGIC || !isWhole || view.getUint32(8, true) !== crc32(file.subarray(12))) {
    throw new LstmkitError(
      "BAD_DATASET",
      `${file.length} bytes that are no whole file of daily numbers; wanted births.bin as the package has it. Copy it again.`,
    );
  }
  const first = view.getInt32(12, true);
  const values = Float64Array.from({ length }, (_, i) => view.getUint16(PREFIX_LENGTH + 2 * i, true));
  const times = Float64Array.from({ length }, (_, i) => (first + i) * DAY);
  return {
    series: [{ id: "", length, rows: length, times, columns: { [NAME]: values } }],
    frequency: { unit: "day", every: 1 },
    timeZone: null,
    findings: [],
  };
}

/**
 * The file of a series of days.
 *
 * @param first counted from 1970-01-01
 */
export function writeDays(first: number, values: readonly number[]): Uint8Array {
  const file = new Uint8Array(PREFIX_LENGTH + 2 * values.length);
  const view = new DataView(file.buffer);
  for (let i = 0; i < MAGIC.length; i++) file[i] = MAGIC.charCodeAt(i);
  view.setInt32(12, first, true);
  for (const [i, value] of values.entries()) view.setUint16(PREFIX_LENGTH + 2 * i, value, true);
  view.setUint32(8, crc32(file.subarray(12)), true);
  return file;
}
