/** Folders that are made where they are not there. */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

/** A folder, and those that it is in. Rejects with the reason, which Node's own recursion hides: of a disk that is read alone it says ENOENT. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch(async (error: NodeJS.ErrnoException) => {
    throw error.code === "ENOENT" ? await reasonOf(path, error) : error;
  });
}

async function reasonOf(path: string, otherwise: unknown): Promise<unknown> {
  try {
    await mkdir(path);
    return otherwise;
  } catch (error) {
    const isFirst = dirname(path) === path;
    return (error as NodeJS.ErrnoException).code === "ENOENT" && !isFirst
      ? reasonOf(dirname(path), otherwise)
      : error;
  }
}
