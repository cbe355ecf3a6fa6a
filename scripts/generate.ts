// What is derived from other files and kept beside them. `npm run generate` writes it; a test holds that it is
// current.
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { featuresPage } from "./features.ts";
import { kernelTypes } from "./kernel-types.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** By path, as the formatter has it. */
export async function generated(): Promise<Record<string, string>> {
  const texts = {
    "src/wasm/kernel-types.ts": await kernelTypes(),
    "FEATURES.md": featuresPage(),
  };
  return Object.fromEntries(Object.entries(texts).map(([path, text]) => [path, formatted(path, text)]));
}

function formatted(path: string, text: string): string {
  const args = ["node_modules/@biomejs/biome/bin/biome", "format", `--stdin-file-path=${path}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    input: text,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${path} could not be formatted: ${stderr}`);
  return stdout;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(await generated())) await writeFile(`${ROOT}${path}`, text);
}
