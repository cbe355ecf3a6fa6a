/** Snippets of the documentation, run as they stand. */
import { execFile } from "node:child_process";
import { mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = new URL("../", import.meta.url);

/** The code of a snippet, ```js name in a file of docs/. */
export async function snippet(file: string, name: string): Promise<string> {
  const documentation = await readFile(new URL(`docs/${file}`, root), "utf8");
  const [, code] = new RegExp(`^\`\`\`js ${name}\n(.*?)^\`\`\``, "ms").exec(documentation) ?? [];
  if (code === undefined) throw new Error(`docs/${file} has no snippet called ${name}`);
  return code;
}

/** What a snippet prints, where the package is the one that was built here. @param cwd a folder with files for it */
export async function printed(file: string, name: string, cwd = fileURLToPath(root)): Promise<string> {
  if (cwd !== fileURLToPath(root)) await linkPackage(cwd);
  const code = await snippet(file, name);
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", code], { cwd });
  return stdout;
}

/** Makes the package that was built here the one that is imported in a folder. */
export async function linkPackage(folder: string): Promise<void> {
  await mkdir(join(folder, "node_modules"), { recursive: true });
  await symlink(fileURLToPath(root), join(folder, "node_modules", "lstmkit"), "dir");
}
