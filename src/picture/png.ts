import { zlibSync } from "fflate";
import { crc32 } from "../crc32.ts";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * A PNG image (RFC 2083) of one byte a pixel, as a data URI.
 *
 * @param pixels (height, width) places in the palette
 * @param palette up to 256 colours, three bytes of sRGB each
 */
export function pngDataUri(pixels: Uint8Array, width: number, height: number, palette: Uint8Array): string {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 3], 8); // bits a pixel, indexed colour
  const rows = new Uint8Array(height * (width + 1)); // each behind the number of its filter: 0, none
  for (let y = 0; y < height; y++) {
    rows.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  }
  const bytes = [
    Uint8Array.from(SIGNATURE),
    chunk("IHDR", header),
    chunk("PLTE", palette),
    chunk("IDAT", zlibSync(rows, { level: 9 })),
    chunk("IEND", new Uint8Array(0)),
  ];
  return `data:image/png;base64,${base64(bytes)}`;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, crc32(bytes.subarray(4, data.length + 8)));
  return bytes;
}

/** Pieces of bytes, one after the other. */
export function base64(pieces: readonly Uint8Array[]): string {
  let binary = "";
  for (const piece of pieces) for (const byte of piece) binary += String.fromCharCode(byte);
  return btoa(binary);
}
