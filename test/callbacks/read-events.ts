/** A reader of event files, from the formats' own descriptions and with nothing of what writes them. */

export interface ReadEvent {
  readonly wallTime: number;
  readonly step: number;
  readonly fileVersion?: string;
  readonly scalars: Readonly<Record<string, number>>;
}

/** CRC-32C by its table. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc % 2 === 1 ? ((crc >>> 1) ^ 0x82f63b78) >>> 0 : crc >>> 1;
  return crc;
});

function maskedCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 255]! ^ (crc >>> 8)) >>> 0;
  crc = ~crc >>> 0;
  return Number((BigInt(crc >>> 15) + BigInt(crc) * 2n ** 17n + 0xa282ead8n) % 2n ** 32n);
}

type Field = { readonly field: number; readonly value: number | bigint | Uint8Array };

/** The fields of a message: varints and fixed ones as numbers, the others as bytes. */
function* fields(bytes: Uint8Array): Generator<Field> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const field = key >> 3;
    if ((key & 7) === 0) yield { field, value: varint() };
    else if ((key & 7) === 1) {
      yield { field, value: view.getFloat64(at, true) };
      at += 8;
    } else if ((key & 7) === 5) {
      yield { field, value: view.getFloat32(at, true) };
      at += 4;
    } else {
      const length = Number(varint());
      yield { field, value: bytes.subarray(at, at + length) };
      at += length;
    }
  }
}

const text = (bytes: unknown) => new TextDecoder().decode(bytes as Uint8Array);

/** @throws where a record's length or CRC is not right */
export function readEvents(file: Uint8Array): ReadEvent[] {
  const events: ReadEvent[] = [];
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    const data = file.subarray(at + 12, at + 12 + length);
    if (view.getUint32(at + 8, true) !== maskedCrc(file.subarray(at, at + 8)))
      throw new Error("CRC of a length");
    if (view.getUint32(at + 12 + length, true) !== maskedCrc(data)) throw new Error("CRC of a record");
    events.push(readEvent(data));
    at += 16 + length;
  }
  return events;
}

function readEvent(data: Uint8Array): ReadEvent {
  let event: ReadEvent = { wallTime: Number.NaN, step: 0, scalars: {} };
  for (const { field, value } of fields(data)) {
    if (field === 1) event = { ...event, wallTime: value as number };
    if (field === 2) event = { ...event, step: Number(value) };
    if (field === 3) event = { ...event, fileVersion: text(value) };
    if (field === 5) {
      const values = [...fields(value as Uint8Array)].map((one) => {
        const own = Object.fromEntries(
          [...fields(one.value as Uint8Array)].map((part) => [part.field, part.value]),
        );
        return [text(own[1]), own[2] as number];
      });
      event = { ...event, scalars: Object.fromEntries(values) };
    }
  }
  return event;
}
