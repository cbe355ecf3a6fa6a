import { crc32 } from "../crc32.ts";
import { LstmkitError } from "../errors.ts";
import { show } from "../options.ts";
import { inflate, mostUnpacked } from "./inflate.ts";

/*
 * The part of the zip format (PKWARE APPNOTE 6.3) that numpy writes: stored or deflated entries,
 * found through the central directory. Own code rather than fflate's `unzipSync`, because that one
 * trusts the sizes a file declares and does not look at its checksums.
 */

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const END_LENGTH = 22;
const ENTRY_LENGTH = 46;
const LOCAL_LENGTH = 30;
const LONGEST_COMMENT = 0xffff;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;

/** One file inside a zip archive. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes after unpacking, as the archive declares. */
  readonly size: number;
  /** Bytes in the archive, as it declares. */
  readonly packedSize: number;
  /** Unpacks and checks the entry. @throws BAD_NPZ when its bytes are damaged */
  read(): Uint8Array;
}

interface PlacedEntry extends ZipEntry {
  /** Where its own header lies. */
  readonly local: number;
}

/** Lists a zip archive. @throws BAD_NPZ when it is none, is cut short, or contradicts itself */
export function zipEntries(bytes: Uint8Array): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view);
  const count = view.getUint16(end + 10, true);
  const entries: PlacedEntry[] = [];
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_LENGTH > end || view.getUint32(at, true) !== DIRECTORY_ENTRY) {
      throw damaged(`entry ${i + 1} of ${count} is missing from its directory`);
    }
    const nameLength = view.getUint16(at + 28, true);
    const nameAt = at + ENTRY_LENGTH;
    const after = nameAt + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (after > end) throw damaged(`entry ${i + 1} of ${count} runs past its directory`);
    const name = new TextDecoder().decode(bytes.subarray(nameAt, nameAt + nameLength));
    entries.push(directoryEntry(bytes, view, at, name));
    at = after;
  }
  checkDistinct(entries);
  return entries;
}

/** Two entries of one name would have readers disagree; entries that share bytes make a small file a huge one. */
function checkDistinct(entries: readonly PlacedEntry[]): void {
  const names = new Set<string>();
  let end = 0;
  for (const { name, local, packedSize } of [...entries].sort((a, b) => a.local - b.local)) {
    if (names.has(name)) throw damaged(`two entries are called ${show(name)}`);
    if (local < end) throw damaged(`${show(name)} lies over the entry before it`);
    names.add(name);
    end = local + LOCAL_LENGTH + packedSize;
  }
}

function findEnd(view: DataView): number {
  const last = view.byteLength - END_LENGTH;
  for (let at = last; at >= Math.max(0, last - LONGEST_COMMENT); at--) {
    if (view.getUint32(at, true) === END_OF_DIRECTORY) return at;
  }
  throw damaged(
    `${view.byteLength} bytes without a zip directory at the end; the file is cut short or no .npz at all`,
  );
}

function directoryEntry(bytes: Uint8Array, view: DataView, at: number, name: string): PlacedEntry {
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  const checksum = view.getUint32(at + 16, true);
  const packedSize = view.getUint32(at + 20, true);
  const size = view.getUint32(at + 24, true);
  const local = view.getUint32(at + 42, true);
  const it = show(name);
  return {
    name,
    size,
    packedSize,
    local,
    read() {
      if (flags & ENCRYPTED) throw damaged(`${it} is encrypted; wanted a plain archive`);
      if (method !== STORED && method !== DEFLATED) {
        throw damaged(`${it} is packed with method ${method}; wanted 0 (stored) or 8 (deflate)`);
      }
      if (local + LOCAL_LENGTH > bytes.length || view.getUint32(local, true) !== LOCAL_HEADER) {
        throw damaged(`${it} has no header at byte ${local}`);
      }
      const start =
        local + LOCAL_LENGTH + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
      if (start + packedSize > bytes.length) throw damaged(`${it} runs past the end of the file`);
      if (method === DEFLATED && size > mostUnpacked(packedSize)) {
        throw damaged(`${it} declares ${size} bytes, more than its ${packedSize} packed bytes may hold`);
      }
      const unpacked = unpack(bytes.subarray(start, start + packedSize), method, size, it);
      if (unpacked.length !== size || crc32(unpacked) !== checksum) {
        throw damaged(`${it} does not match its own size and checksum`);
      }
      return unpacked;
    },
  };
}

function unpack(packed: Uint8Array, method: number, size: number, it: string): Uint8Array {
  if (method === STORED) return packed;
  try {
    return inflate(packed, size);
  } catch (cause) {
    throw damaged(`${it} cannot be unpacked`, cause);
  }
}

function damaged(found: string, cause?: unknown): LstmkitError {
  return new LstmkitError(
    "BAD_NPZ",
    `${found}. Wanted an archive as numpy.savez writes it; fetch or write the file again.`,
    { cause },
  );
}
