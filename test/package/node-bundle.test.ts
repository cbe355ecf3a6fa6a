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

/** A program in one file, in a folder with nothing else, or where lstmkit is. @returns its path */
async function bundled(format: Format, contents: string, external: string[] = []): Promise<string> {
  const name = `app${++bundles}.${format === "esm" ? "mjs" : "cjs"}`;
  const outfile = join(external.length > 0 ? inject("site") : folder, name);
  const stdin = { contents, resolveDir: inject("site") };
  await build({ stdin, bundle: true, platform: "node", format, external, outfile, logLevel: "silent" });
  return outfile;
}

/** What it prints when it runs. */
async function printed(...program: Parameters<typeof bundled>): Promise<string> {
  const { stdout } = await run(process.execPath, [await bundled(...program)], { cwd: folder });
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
    ["lstmkit.loadBirths()", "births.bin", /external: \["lstmkit"\].*birthsSeries\(\)/],
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

  test("kernels and a bundled script that are handed in give a worker with a thread of its own", async () => {
    const script = await bundled(format, 'import "lstmkit/worker";');
    const dist = join(inject("site"), "node_modules/lstmkit/dist");
    const program = `
      import { readFile } from "node:fs/promises";
      import * as lstmkit from "lstmkit";
      const kernels = (file) => readFile(${JSON.stringify(dist)} + "/" + file);
      lstmkit.spawnRuntime({ threads: 2, worker: ${JSON.stringify(script)}, kernels }).then(async (kit) => {
        const { where, threads } = await kit.info();
        console.log(where, threads);
        await kit.close();
      });`;
    expect(await printed(format, program)).toBe("worker 2");
  });
});
