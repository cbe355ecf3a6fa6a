/** Snippets of the documentation, run as they stand. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = new URL("../", import.meta.url);

/** What a snippet prints, ```js name in a file of docs/, where the package is the one that was built here. */
export async function printed(file: string, name: string): Promise<string> {
  const documentation = await readFile(new URL(`docs/${file}`, root), "utf8");
  const [, code] = new RegExp(`^\`\`\`js ${name}\n(.*?)^\`\`\``, "ms").exec(documentation) ?? [];
  if (code === undefined) throw new Error(`docs/${file} has no snippet called ${name}`);
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", code], { cwd: root });
  return stdout;
}
