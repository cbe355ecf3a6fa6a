/** Bytes that jobs leave, as files of a folder on this machine. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { readBytes, writeWhole } from "../../disk/disk-node.ts";
import { LstmkitError } from "../../errors.ts";
import type { Blobs } from "./jobs.ts";

export function folderBlobs(folder: string): Blobs {
  return {
    async get(name) {
      try {
        return await readBytes(join(folder, name));
      } catch (error) {
        if (error instanceof LstmkitError && error.code === "FILE_NOT_FOUND") return null;
        throw error;
      }
    },
    async put(name, bytes) {
      await mkdir(folder, { recursive: true });
      await writeWhole(join(folder, name), bytes);
    },
    async remove(name) {
      await rm(join(folder, name), { force: true });
    },
  };
}
