/** The package's declarations in programs whose compiler knows the types of one host, of another, or of none. */
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, inject, test } from "vitest";

const run = promisify(execFile);
const path = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

const ANYWHERE = `
import { createRuntime, dense, lstm, LstmkitError, type Model, spawnRuntime } from "lstmkit";
import * as inline from "lstmkit/inline";
import { decodeText, imdbFromNpz, textsFromCsv } from "lstmkit/data";
import "lstmkit/worker";
const kit = await createRuntime({ kernels: (file) => new Uint8Array(file.length).buffer });
const model: Model = await kit.sequential([lstm({ units: 2, inputShape: [3, 1] }), dense({ units: 1 })]);
const x = { data: new Float32Array(3), shape: [1, 3, 1] };
await model.predict(x, { batchSize: 1 });
decodeText(new DataView(new ArrayBuffer(2)));
// @ts-expect-error: a number is no signal
await model.predict(x, { signal: 5 });
// @ts-expect-error: null is no source of kernels
await createRuntime({ kernels: null });
// @ts-expect-error: a number has no bytes
imdbFromNpz(5);
export { inline, LstmkitError, spawnRuntime, textsFromCsv };
`;

const WEB = `
${ANYWHERE}
await createRuntime({ kernels: await fetch("kernels.wasm") });
await createRuntime({ kernels: fetch("kernels.wasm") });
await createRuntime({ kernels: new URL("kernels.wasm", "https://example.com/") });
await createRuntime({ kernels: await WebAssembly.compileStreaming(fetch("kernels.wasm")) });
await spawnRuntime({ worker: new URL("worker.js", "https://example.com/") });
await spawnRuntime({ worker: new Worker("worker.js", { type: "module" }) });
await spawnRuntime({ worker: () => new Worker("worker.js") });
await model.fit(x, [1], { signal: AbortSignal.timeout(1) });
// @ts-expect-error: not what looks like one from afar
await model.fit(x, [1], { signal: { aborted: false } });
`;

const NODE = `
import { Worker } from "node:worker_threads";
import { loadCsv, loadImdb, loadModel, loadSpam, saveModel, spawnRuntime as spawn } from "lstmkit/node";
${ANYWHERE}
await spawn({ worker: new Worker(new URL("worker.js", import.meta.url)) });
await model.fit(x, [1], { signal: AbortSignal.timeout(1) });
await createRuntime({ kernels: new URL("kernels.wasm", import.meta.url) });
await saveModel(model, new URL("a.model", import.meta.url));
textsFromCsv(Buffer.from("text"));
export { loadCsv, loadImdb, loadModel, loadSpam };
`;

const NODE_TYPES = ["--types", "node", "--typeRoots", path("node_modules/@types")];
const NO_TYPES = ["--types", ""];
const BUNDLER = ["--module", "esnext", "--moduleResolution", "bundler"];
const NODE16 = ["--module", "node16", "--moduleResolution", "node16"];

test.each([
  { host: "none", program: ANYWHERE, flags: ["--lib", "es2022", ...NO_TYPES, ...BUNDLER] },
  {
    host: "a browser, by its condition",
    program: WEB,
    flags: ["--lib", "es2022,dom", ...NO_TYPES, ...BUNDLER, "--customConditions", "browser"],
  },
  { host: "a worker", program: WEB, flags: ["--lib", "es2022,webworker", ...NO_TYPES, ...BUNDLER] },
  { host: "Node", program: NODE, flags: ["--lib", "es2022", ...NODE_TYPES, ...NODE16] },
  { host: "Node, through a bundler", program: NODE, flags: ["--lib", "es2022", ...NODE_TYPES, ...BUNDLER] },
  { host: "both", program: WEB, flags: ["--lib", "es2022,dom", ...NODE_TYPES, ...BUNDLER] },
])("a program compiles whose compiler has the types of: $host", async ({ host, program, flags }) => {
  const folder = join(inject("site"), `types-${host.replace(/\W+/g, "-")}`);
  await mkdir(folder);
  await writeFile(join(folder, "program.ts"), program);
  const { stdout } = await run(
    process.execPath,
    [
      path("node_modules/typescript/bin/tsc"),
      ...["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022"],
      ...["--skipLibCheck", "false", ...flags, "program.ts"],
    ],
    { cwd: folder },
  ).catch((error: { stdout: string }) => error);
  expect(stdout).toBe("");
});
