import { LstmkitError } from "../errors.ts";
import { type NpyArray, readNpy } from "./npy.ts";
import { zipEntries } from "./zip.ts";

/**
 * Reads named arrays from a .npz file, as `numpy.savez` and `numpy.savez_compressed` write it.
 * Arrays that are not asked for are not unpacked.
 *
 * @param names arrays wanted, without the ending ".npy"
 * @throws BAD_NPZ when the file is damaged or an array is missing, BAD_PICKLE for an object array of
 * anything else than lists of ints
 */
export function readNpz<Name extends string>(
  bytes: Uint8Array,
  names: readonly Name[],
): Record<Name, NpyArray> {
  const entries = new Map(zipEntries(bytes).map((entry) => [entry.name, entry]));
  const arrays = names.map((name): [Name, NpyArray] => {
    const entry = entries.get(`${name}.npy`);
    if (!entry) {
      const found = listed([...entries.keys()]);
      throw new LstmkitError(
        "BAD_NPZ",
        `the archive holds ${found}; wanted ${names.map((n) => `${n}.npy`).join(", ")}. Is this the right file?`,
      );
    }
    return [name, readNpy(entry.read(), entry.name, entry.packedSize)];
  });
  return Object.fromEntries(arrays) as Record<Name, NpyArray>;
}

const MOST_LISTED = 8;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_LISTED).map((name) => name.slice(0, 40).replace(/\p{Cc}/gu, "?"));
  const rest = names.length - shown.length;
  return (shown.join(", ") || "nothing") + (rest > 0 ? ` and ${rest} more` : "");
}
