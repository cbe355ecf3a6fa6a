/**
 * TensorBoard's event files: records as TensorFlow frames them (tensorflow/core/lib/io/record_writer.cc), each an Event
 * of tensorflow/core/util/event.proto with what scalars need of summary.proto.
 */

/** What an event says, beside when. */
export type EventOf =
  /** The first of a file. */
  | { readonly fileVersion: string }
  | { readonly step: number; readonly scalars: Readonly<Record<string, number>> };

export const FIRST_EVENT = { fileVersion: "brain.Event:2" } as const;

/** An event with its frame: length, masked CRC-32C of the length, the event, masked CRC-32C of that. */
export function eventRecord(seconds: number, event: EventOf): Uint8Array<ArrayBuffer> {
  const data = Uint8Array.from([...double(1, seconds), ...contentOf(event)]);
  const record = new Uint8Array(16 + data.length);
  const view = new DataView(record.buffer);
  view.setUint32(0, data.length, true); // the upper half of 64 bits stays 0
  view.setUint32(8, masked(crc32c(record.subarray(0, 8))), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return record;
}

function contentOf(event: EventOf): number[] {
  if ("fileVersion" in event) return block(3, text(event.fileVersion));
  const values = Object.entries(event.scalars).map(([tag, value]) =>
    block(1, [...block(1, text(tag)), ...float(2, value)]),
  );
  return [...key(2, 0), ...varint(event.step), ...block(5, values.flat())];
}

/** Protocol buffers' wire types: 0 a varint, 1 eight bytes, 2 a length and so many bytes, 5 four bytes. */
const key = (field: number, type: 0 | 1 | 2 | 5): number[] => [field * 8 + type];

const block = (field: number, bytes: readonly number[]): number[] => [
  ...key(field, 2),
  ...varint(bytes.length),
  ...bytes,
];

const text = (value: string): number[] => [...new TextEncoder().encode(value)];

/** Seven bits a byte, the lowest first. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

function double(field: number, value: number): number[] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value, true);
  return [...key(field, 1), ...new Uint8Array(view.buffer)];
}

function float(field: number, value: number): number[] {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value, true);
  return [...key(field, 5), ...new Uint8Array(view.buffer)];
}

/** CRC-32C (Castagnoli's polynomial, reflected 0x82F63B78; RFC 3720), unsigned. Bit by bit: events are short. */
export function crc32c(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** As a record stores it, since a CRC of what holds its own CRC is of little use. */
const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
