import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, inject, test } from "vitest";
import { visit } from "./pages.ts";
import { BUN, DENO } from "./tools.ts";
import { leftOut } from "./without.ts";
import { serveWorkerd } from "./workerd.ts";

const run = promisify(execFile);
const documentation = await readFile(new URL("../../docs/runtimes.md", import.meta.url), "utf8");

/** The snippet of docs/runtimes.md that is marked as one for `host`, as a file beside the package. */
async function snippet(language: string, host: string): Promise<string> {
  const [, code] = new RegExp(`^\`\`\`${language} ${host}\n(.*?)^\`\`\``, "ms").exec(documentation) ?? [];
  if (code === undefined) throw new Error(`docs/runtimes.md has no snippet for ${host}`);
  const file = `snippet-${host}.${language}`;
  const tail = language === "html" ? '<script type="module" src="snippet-report.js"></script>\n' : "";
  await writeFile(join(inject("site"), file), code + tail);
  return file;
}

const commands = [
  { host: "node", command: [process.execPath] },
  { host: "deno", command: [DENO, "run", "--no-prompt", "--allow-read"] },
  { host: "bun", command: [BUN] },
];

test.each(commands.filter(({ host }) => !leftOut(host)))(
  "the snippet for $host runs as it stands",
  async ({ host, command: [program, ...args] }) => {
    const file = await snippet("js", host);
    const { stdout } = await run(program!, [...args, file], { cwd: inject("site") });
    expect(stdout).toMatch(/\b[0-9a-f]{64}\b/);
  },
);

test.skipIf(leftOut("workerd"))("the snippet for workerd runs as it stands", async () => {
  const file = await snippet("js", "workerd");
  await serveWorkerd(inject("site"), file, async (origin) => {
    const answer = (await (await fetch(origin)).json()) as number[];
    expect(answer).toEqual([expect.any(Number)]);
  });
});

test.skipIf(leftOut("chromium"))("the snippet for a page runs as it stands", async () => {
  const page = await snippet("html", "browser");
  await expect(visit("chromium", { folder: inject("site"), page })).resolves.toMatch(/^[0-9a-f]{64}$/);
});
