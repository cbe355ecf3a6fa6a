import { type Zippable, zipSync } from "fflate";

/** A .npy file from its header's dictionary and the bytes after it. */
export function npy(dictionary: string, body: Uint8Array, version = 1): Uint8Array {
  const headerAt = version === 1 ? 10 : 12;
  const header = new TextEncoder().encode(dictionary.padEnd(64 - headerAt));
  const file = new Uint8Array(headerAt + header.length + body.length);
  file.set([0x93, ...new TextEncoder().encode("NUMPY"), version, 0]);
  const view = new DataView(file.buffer);
  if (version === 1) view.setUint16(8, header.length, true);
  else view.setUint32(8, header.length, true);
  file.set(header, headerAt);
  file.set(body, headerAt + header.length);
  return file;
}

/** The header's dictionary as numpy prints it. */
export function dictionary(descr: string, shape: string, fortran = "False"): string {
  return `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': (${shape}), }`;
}

/** A pickle as `pickle.dumps(object_array, protocol=2)` of numpy 1 gives it, for small ints. */
export function pickleOfLists(lists: readonly (readonly number[])[]): Uint8Array {
  const bytes: number[] = [];
  const text = (ascii: string): void => void bytes.push(...new TextEncoder().encode(ascii));
  const int = (value: number): void => {
    if (value >= 0 && value < 256) bytes.push(0x4b, value);
    else bytes.push(0x4a, value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24);
  };
  bytes.push(0x80, 2);
  text("cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n");
  text("K\0");
  bytes.push(0x85);
  text("c_codecs\nencode\nX\x01\0\0\0bX\x06\0\0\0latin1");
  bytes.push(0x86, 0x52, 0x87, 0x52);
  text("(");
  int(1);
  int(lists.length);
  bytes.push(0x85);
  text("cnumpy\ndtype\nX\x02\0\0\0O8");
  bytes.push(0x89, 0x88, 0x87, 0x52);
  text("(K\x03X\x01\0\0\0|NNN");
  int(-1);
  int(-1);
  text("K?tb");
  bytes.push(0x89);
  text("](");
  for (const list of lists) {
    text("](");
    for (const value of list) int(value);
    text("e");
  }
  text("etb.");
  return Uint8Array.from(bytes);
}

/** An archive like Keras's imdb.npz. */
export function imdbNpz(
  train: readonly (readonly number[])[],
  yTrain: readonly number[],
  test: readonly (readonly number[])[],
  yTest: readonly number[],
): Uint8Array {
  const lists = (rows: readonly (readonly number[])[]): Uint8Array =>
    npy(dictionary("|O", `${rows.length},`), pickleOfLists(rows));
  const labels = (values: readonly number[]): Uint8Array =>
    npy(dictionary("<i8", `${values.length},`), new Uint8Array(BigInt64Array.from(values, BigInt).buffer));
  return npz({ x_train: lists(train), y_train: labels(yTrain), x_test: lists(test), y_test: labels(yTest) });
}

/** An archive of arrays. */
export function npz(arrays: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const entries = Object.entries(arrays).map(([name, file]) => [`${name}.npy`, file] as const);
  return zipSync(Object.fromEntries(entries) as Zippable);
}
