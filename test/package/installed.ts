/** The package as it is published: packed, and installed into an empty folder. */
import { execFile } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** `npm pack` of what `npm run build` has made. @returns the tarball, in `folder` */
export async function pack(folder: string): Promise<string> {
  const { stdout } = await run(
    "npm",
    ["pack", ROOT, "--ignore-scripts", "--json", "--pack-destination", folder],
    { cwd: folder },
  );
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  return join(folder, filename);
}

/** A new folder with the tarball installed and nothing else; without a network, since it needs none. */
export async function installed(tarball: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lstmkit-installed-"));
  await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  await run("npm", ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", tarball], {
    cwd: folder,
  });
  return folder;
}
