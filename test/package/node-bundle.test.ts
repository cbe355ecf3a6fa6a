/** An application that is bundled for Node: the package's files stay behind, and the error says what to do. */
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build, type Format } from "esbuild";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";

const run = promisify(execFile);
let folder: string;
let bundles = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lstmkit-bundled-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs a program that was put into one file, in a folder with nothing else. @returns what it printed */
async function printed(format: Format, contents: string, external: string[] = []): Promise<string> {
  const outfile = join(
    external.length > 0 ? inject("site") : folder,
    `app${++bundles}.${format === "esm" ? "mjs" : "cjs"}`,
  );
  await build({
    stdin: { contents, resolveDir: inject("site") },
    bundle: true,
    platform: "node",
    format,
    external,
    outfile,
    logLevel: "silent",
  });
  const { stdout } = await run(process.execPath, [outfile], { cwd: folder });
  return stdout.trim();
}

const refusal = (call: string) => `
  import * as lstmkit from "lstmkit";
  ${call}.then(() => console.log("done"), ({ name, message }) => console.log(name, message));`;

const DIGEST = `
  async function main({ createRuntime, dense }) {
    const kit = await createRuntime();
    const model = await kit.sequential([dense({ units: 1, inputShape: [2] })]);
    console.log(await model.digest());
    await kit.close();
  }`;

describe.each<Format>(["esm", "cjs"])("as %s", (format) => {
  test.each([
    [
      "lstmkit.createRuntime()",
      "kernels.wasm",
      /external: \["lstmkit"\].*"lstmkit\/inline".*createRuntime\(\{ kernels \}\)/,
    ],
    [
      "lstmkit.spawnRuntime()",
      "runtime-worker-node.js",
      /external: \["lstmkit"\].*spawnRuntime\(\{ worker \}\)/,
    ],
    ["lstmkit.loadSpam()", "spam-assassin.bin", /external: \["lstmkit"\].*spamFromBytes\(\)/],
  ])("%s says what to do", async (call, file, remedy) => {
    const message = await printed(format, refusal(call));
    expect(message).toContain(`LstmkitError FILE_NOT_FOUND: ${file} is not beside`);
    expect(message).toMatch(remedy);
  });

  test("a second thread without the worker's script says so", async () => {
    await copyFile(
      join(inject("site"), "node_modules/lstmkit/dist/kernels.shared.wasm"),
      join(folder, "shared"),
    );
    const kernels = `require("node:fs").readFileSync(${JSON.stringify(join(folder, "shared"))})`;
    const require =
      format === "esm"
        ? 'import { createRequire } from "node:module"; const require = createRequire("/");'
        : "";
    const call = `lstmkit.createRuntime({ threads: 2, kernels: ${kernels} })`;
    const message = await printed(format, require + refusal(call));
    expect(message).toMatch(
      /^LstmkitError THREAD_FAILED: .*runtime-worker-node\.js is not beside.*threads: 1/,
    );
  });

  test("lstmkit/inline, and lstmkit left out of the bundle, give one digest", async () => {
    const inline = `import * as lstmkit from "lstmkit/inline"; ${DIGEST} main(lstmkit);`;
    const apart = `${DIGEST} import("lstmkit").then(main);`;
    const digest = await printed(format, inline);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(await printed(format, apart, ["lstmkit"])).toBe(digest);
  });

  test("kernels that are handed in need no file of the package", async () => {
    const from = join(inject("site"), "node_modules/lstmkit/dist/kernels.wasm");
    await copyFile(from, join(folder, "mine.wasm"));
    const program = `
      import { readFile } from "node:fs/promises";
      import * as lstmkit from "lstmkit";
      ${DIGEST}
      const createRuntime = async () => lstmkit.createRuntime({ kernels: await readFile("mine.wasm") });
      main({ ...lstmkit, createRuntime });`;
    expect(await printed(format, program)).toMatch(/^[0-9a-f]{64}$/);
  });
});
