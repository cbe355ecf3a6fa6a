/** The command line, as a page says that it is used. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const CLI = fileURLToPath(new URL("../../../dist/cli.js", import.meta.url));

export interface Terminal {
  /** Run a command as it stands, in a shell. @returns what it wrote to stdout */
  run(command: string): Promise<string>;
  read(name: string): Promise<Buffer>;
}

/** A terminal in a folder with these files, which is gone afterwards. */
export async function inTerminal<T>(
  files: Readonly<Record<string, string>>,
  work: (terminal: Terminal) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "lstmkit-command-"));
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    return await work({
      run: async (command) => {
        const script = `lstmkit() { "$NODE" "$CLI" "$@"; }; ${command}`;
        const env = { ...process.env, NODE: process.execPath, CLI };
        return (await run("sh", ["-c", script], { cwd: folder, env })).stdout;
      },
      read: (name) => readFile(join(folder, name)),
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The digest that the last event of `--json` tells. */
export function digestIn(stdout: string): string {
  const { digest } = JSON.parse(stdout.trim().split("\n").at(-1)!) as { digest: string };
  return digest;
}

/** The digest that a command leads to. */
export const digestOf = (command: string, files: Readonly<Record<string, string>> = {}): Promise<string> =>
  inTerminal(files, async ({ run: at }) => digestIn(await at(`${command} --json`)));
