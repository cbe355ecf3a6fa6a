/** Data that do not ship with the package. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** A file of the folder that LSTMKIT_DATA names. */
export function dataFile(name: string): Promise<Buffer> {
  const folder = process.env.LSTMKIT_DATA;
  if (folder === undefined) throw new Error(`LSTMKIT_DATA is not set; wanted the folder with ${name}`);
  return readFile(join(folder, name));
}
