import { parseJson } from "../json.ts";
import { mostTexts } from "./inflate.ts";
import { badFile, type PackedFormat, pack, unpack } from "./packed-file.ts";

/*
 * A small file for texts that are already cut into words and split into two parts:
 *
 * in the frame of packed-file.ts, "LSTMTXT1", whose content is
 *
 *     4 bytes   length of the header, little-endian
 *     header    JSON, UTF-8
 *     texts     training part, then test part; each text is varint(2 · length + label) and one varint
 *               a word: its rank, or 0 for a word that is not in the list. Varints are LEB128.
 */

const FORMAT: PackedFormat = { magic: "LSTMTXT1", file: "the corpus file" };

/** Texts as ranks of words, with the class of each. */
export interface CorpusPart {
  /** 1 is the first of the words, 0 a word that is not among them. */
  readonly texts: readonly ArrayLike<number>[];
  readonly labels: ArrayLike<number>;
}

/** What a corpus file holds. */
export interface Corpus {
  readonly name: string;
  readonly classes: readonly [string, string];
  /** Where the texts come from and under which licence, and what was done to them. */
  readonly provenance: Readonly<Record<string, string>>;
  /** Words in order of rank. */
  readonly words: readonly string[];
  readonly train: CorpusPart;
  readonly test: CorpusPart;
}

interface Header {
  readonly name: string;
  readonly classes: readonly [string, string];
  readonly provenance: Readonly<Record<string, string>>;
  readonly words: readonly string[];
  readonly train: number;
  readonly test: number;
}

/** Packs a corpus. The same corpus gives the same bytes. */
export function writeCorpus(corpus: Corpus): Uint8Array {
  const { name, classes, provenance, words, train, test } = corpus;
  const header: Header = {
    name,
    classes,
    provenance,
    words,
    train: train.texts.length,
    test: test.texts.length,
  };
  const headerBytes = new TextEncoder().encode(JSON.stringify(header));
  const content: number[] = [0, 0, 0, 0];
  for (const byte of headerBytes) content.push(byte);
  for (const part of [train, test]) {
    part.texts.forEach((ranks, i) => {
      pushVarint(content, 2 * ranks.length + part.labels[i]!);
      for (let w = 0; w < ranks.length; w++) pushVarint(content, ranks[w]!);
    });
  }
  const unpacked = Uint8Array.from(content);
  new DataView(unpacked.buffer).setUint32(0, headerBytes.length, true);
  return pack(FORMAT, unpacked);
}

/** Reads a corpus file. @throws BAD_DATASET when it is of another format, cut short or damaged */
export function readCorpus(bytes: Uint8Array): Corpus {
  const content = unpack(FORMAT, bytes);
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const headerLength = content.length < 4 ? Number.POSITIVE_INFINITY : view.getUint32(0, true);
  if (headerLength > content.length - 4) throw bad("a header longer than the file");
  const header = parseHeader(content.subarray(4, 4 + headerLength));
  const most = mostTexts(bytes.length);
  if (header.train + header.test > most) {
    throw bad(`${header.train + header.test} texts in ${bytes.length} bytes, which hold ${most} at most`);
  }
  const reader = new TextReader(content, 4 + headerLength, header.words.length);
  const train = reader.part(header.train);
  const test = reader.part(header.test);
  if (!reader.atEnd) throw bad("bytes after its last text");
  const { name, classes, provenance, words } = header;
  return { name, classes, provenance, words, train, test };
}

function parseHeader(bytes: Uint8Array): Header {
  let header: unknown;
  try {
    header = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw bad("a header that is not JSON", cause);
  }
  if (!isHeader(header)) throw bad("a header without name, classes, provenance, words and counts");
  return header;
}

function isHeader(value: unknown): value is Header {
  if (typeof value !== "object" || value === null) return false;
  const { name, classes, provenance, words, train, test } = value as Partial<Record<keyof Header, unknown>>;
  const isStrings = (list: unknown): list is string[] =>
    Array.isArray(list) && list.every((item) => typeof item === "string");
  return (
    typeof name === "string" &&
    isStrings(classes) &&
    classes.length === 2 &&
    typeof provenance === "object" &&
    provenance !== null &&
    !Array.isArray(provenance) &&
    isStrings(Object.values(provenance)) &&
    isStrings(words) &&
    [train, test].every((count) => Number.isSafeInteger(count) && (count as number) >= 0)
  );
}

class TextReader {
  #at: number;

  constructor(
    readonly bytes: Uint8Array,
    start: number,
    readonly wordCount: number,
  ) {
    this.#at = start;
  }

  get atEnd(): boolean {
    return this.#at === this.bytes.length;
  }

  part(count: number): CorpusPart {
    if (count > this.bytes.length - this.#at) throw bad("fewer texts than it declares");
    const labels = new Uint8Array(count);
    const texts: Int32Array[] = [];
    for (let i = 0; i < count; i++) {
      const head = this.#varint();
      const length = head >>> 1;
      if (length > this.bytes.length - this.#at) throw bad("a text longer than the file");
      labels[i] = head & 1;
      const ranks = new Int32Array(length);
      for (let w = 0; w < length; w++) ranks[w] = this.#rank();
      texts.push(ranks);
    }
    return { texts, labels };
  }

  #rank(): number {
    const rank = this.#varint();
    if (rank > this.wordCount) throw bad(`rank ${rank} among ${this.wordCount} words`);
    return rank;
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.bytes[this.#at++];
      if (byte === undefined) throw bad("an end inside a text");
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw bad("a number of more than 28 bits");
  }
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  bytes.push(rest);
}

const bad = (found: string, cause?: unknown) => badFile(FORMAT, found, cause);
