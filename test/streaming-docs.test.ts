/** The snippets of docs/streaming.md run as they stand, and do what is said of them. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const root = new URL("../", import.meta.url);
const documentation = await readFile(new URL("docs/streaming.md", root), "utf8");

/** What a snippet prints, where the package is the one that was built here. */
async function printed(name: string): Promise<string> {
  const [, code] = new RegExp(`^\`\`\`js ${name}\n(.*?)^\`\`\``, "ms").exec(documentation) ?? [];
  if (code === undefined) throw new Error(`docs/streaming.md has no snippet called ${name}`);
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", code], { cwd: root });
  return stdout;
}

test("a live signal: the change is heard soon after it comes, and nothing before", async () => {
  const [, number] = /^something has changed at number (\d+)\n$/.exec(await printed("live")) ?? [];
  expect(Number(number)).toBeGreaterThan(500);
  expect(Number(number)).toBeLessThan(540);
});

test("a text, token by token: two ways to go on from one beginning", async () => {
  // The same seed gives the same bytes everywhere, and so the same letters.
  expect(await printed("generate")).toBe(
    "a cat and a dog sat in the fog. \na cat and a dog sat cat on the l\n",
  );
});
