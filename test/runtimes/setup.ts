/** Once before all: pack the package, install it, and lay the hosts beside it. */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { installed, pack } from "../package/installed.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The packed package. */
    tarball: string;
    /** A folder with the package installed and the files of hosts/. */
    site: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "lstmkit-packed-"));
  const tarball = await pack(folder);
  const site = await installed(tarball);
  await cp(fileURLToPath(new URL("hosts", import.meta.url)), site, { recursive: true });
  project.provide("tarball", tarball);
  project.provide("site", site);
  return async () => {
    await Promise.all([folder, site].map((made) => rm(made, { recursive: true })));
  };
}
