import { LstmkitError } from "../errors.ts";
import { show } from "../options.ts";
import { mostTexts } from "./inflate.ts";
import { unpickleIntLists } from "./pickle.ts";

/*
 * numpy's .npy format, versions 1 to 3 (numpy/lib/format.py, NEP 1): a magic, a version, the length
 * of a header, the header as a Python dictionary, then the elements or a pickle of them.
 */

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
/** numpy's own limit. */
const LONGEST_HEADER = 10_000;

const NUMBERS = {
  "|b1": Uint8Array,
  "|i1": Int8Array,
  "|u1": Uint8Array,
  "<i2": Int16Array,
  "<u2": Uint16Array,
  "<i4": Int32Array,
  "<u4": Uint32Array,
  "<i8": BigInt64Array,
  "<u8": BigUint64Array,
  "<f4": Float32Array,
  "<f8": Float64Array,
} as const;

/** A dtype of numbers that can be read. Booleans become 0 and 1. */
export type NpyDtype = keyof typeof NUMBERS;

/** The array behind an {@link NpyDtype}. */
export type NpyData = InstanceType<(typeof NUMBERS)[NpyDtype]>;

/** An array of numbers, row-major, or a one-dimensional array of Python lists of ints. */
export type NpyArray =
  | { readonly dtype: NpyDtype; readonly shape: readonly number[]; readonly data: NpyData }
  | { readonly dtype: "|O"; readonly shape: readonly number[]; readonly lists: readonly Int32Array[] };

/**
 * Reads a .npy file: one or two dimensions of little-endian numbers, or an object array of lists.
 *
 * @param name what to call it in messages
 * @param packedSize bytes that it takes in its archive, which bound how many lists it may hold
 * @throws BAD_NPZ for what is no such file, BAD_PICKLE for an object array of anything else
 */
export function readNpy(bytes: Uint8Array, name: string, packedSize = bytes.length): NpyArray {
  const { descr, fortran, shape, dataAt } = readHeader(bytes, name);
  const count = shape.reduce((product, size) => product * size, 1);
  const body = bytes.subarray(dataAt);
  if (descr === "|O" && shape.length === 1) {
    const most = mostTexts(packedSize);
    if (count > most) throw bad(name, `${count} lists in ${packedSize} bytes`, `${most} at most`);
    return { dtype: "|O", shape, lists: unpickleIntLists(body, count) };
  }
  if (!isNumberDtype(descr)) {
    throw bad(
      name,
      `dtype ${show(descr)} with shape (${shape.join(", ")})`,
      `one of ${Object.keys(NUMBERS).join(" ")}, or |O with one dimension`,
    );
  }
  if (fortran && shape.length > 1) throw bad(name, "columns first", "rows first (numpy.ascontiguousarray)");
  const Elements = NUMBERS[descr];
  if (body.length !== count * Elements.BYTES_PER_ELEMENT) {
    throw bad(
      name,
      `${body.length} bytes of data`,
      `${count * Elements.BYTES_PER_ELEMENT} for shape (${shape.join(", ")})`,
    );
  }
  // A copy, because the elements need not be aligned in the file.
  return { dtype: descr, shape, data: new Elements(body.slice().buffer) };
}

interface NpyHeader {
  readonly descr: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  readonly dataAt: number;
}

function readHeader(bytes: Uint8Array, name: string): NpyHeader {
  if (bytes.length < 12 || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw bad(name, "other first bytes", "an array in .npy format");
  }
  const version = bytes[6]!;
  if (version < 1 || version > 3) throw bad(name, `.npy version ${version}`, "version 1, 2 or 3");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerAt = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > LONGEST_HEADER) throw bad(name, `a header of ${length} bytes`, `${LONGEST_HEADER} at most`);
  if (headerAt + length > bytes.length) throw bad(name, "a header that is cut short", "a whole file");
  const text = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(
    bytes.subarray(headerAt, headerAt + length),
  );
  const descr = /'descr':\s*'([^']*)'/.exec(text)?.[1];
  const fortran = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const sizes = /'shape':\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  if (descr === undefined || fortran === undefined || sizes === undefined) {
    throw bad(name, `the header ${show(text)}`, "descr, fortran_order and shape");
  }
  const shape = sizes
    .split(",")
    .filter((size) => size.trim() !== "")
    .map(Number);
  const count = shape.reduce((product, size) => product * size, 1);
  if (shape.length < 1 || shape.length > 2 || !Number.isSafeInteger(count)) {
    throw bad(name, `shape ${show(`(${sizes})`)}`, "one or two dimensions");
  }
  return { descr, fortran: fortran === "True", shape, dataAt: headerAt + length };
}

function isNumberDtype(descr: string): descr is NpyDtype {
  return Object.hasOwn(NUMBERS, descr);
}

function bad(name: string, found: string, wanted: string): LstmkitError {
  return new LstmkitError(
    "BAD_NPZ",
    `${name} has ${found}; wanted ${wanted}. Write the file again with numpy.savez.`,
  );
}
