import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, inject, test } from "vitest";

const run = promisify(execFile);
const path = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

/** The package in the folder that it is installed in. */
const shipped = (file: string) => join(inject("site"), "node_modules/lstmkit", file);

const tool = (name: string) => path(`test/runtimes/node_modules/.bin/${name}`);

test("publint finds nothing", async () => {
  const { stdout } = await run(tool("publint"), ["--strict", inject("tarball")]);
  expect(stdout).toContain("All good!");
});

test("types resolve from ES modules and in bundlers, at every entry point that has them", async () => {
  const assets = ["strict", "shared", "dot", "dot.shared", "relaxed", "relaxed.shared"].map((name) =>
    name === "strict" ? "kernels.wasm" : `kernels.${name}.wasm`,
  );
  await run(tool("attw"), [
    ...[inject("tarball"), "--profile", "esm-only"],
    ...["--exclude-entrypoints", ...assets, "births.bin", "digits.bin", "moby-dick.bin", "spam-assassin.bin"],
  ]);
});

test("the tarball holds what is used, and the licences", async () => {
  const { stdout } = await run("tar", ["--list", "--file", inject("tarball")]);
  const files = stdout.trim().split("\n").sort();
  const others = files.filter((file) => !/^package\/dist\/(types\/.+\.d\.ts|[\w-]+\.js)$/.test(file));
  expect(others).toEqual([
    "package/CHANGELOG.md",
    "package/LICENSE",
    "package/README.md",
    "package/dist/THIRD-PARTY-NOTICES.txt",
    "package/dist/births.bin",
    "package/dist/digits.bin",
    "package/dist/kernels.dot.shared.wasm",
    "package/dist/kernels.dot.wasm",
    "package/dist/kernels.relaxed.shared.wasm",
    "package/dist/kernels.relaxed.wasm",
    "package/dist/kernels.shared.wasm",
    "package/dist/kernels.wasm",
    "package/dist/moby-dick.bin",
    "package/dist/spam-assassin.bin",
    "package/package.json",
  ]);
});

test("the licence of every bundled package is passed on", async () => {
  const notices = await readFile(shipped("dist/THIRD-PARTY-NOTICES.txt"), "utf8");
  for (const name of [
    "@date-fns/tz",
    "@noble/hashes",
    "cac",
    "comlink",
    "date-holidays",
    "fflate",
    "modern-tar",
  ]) {
    expect(notices).toMatch(new RegExp(`^${name} \\d`, "m"));
  }
});

test("nothing else gets installed", async () => {
  const manifest = JSON.parse(await readFile(shipped("package.json"), "utf8")) as {
    peerDependencies: object;
    peerDependenciesMeta: Record<string, { optional: boolean }>;
  };
  for (const kind of ["dependencies", "optionalDependencies"]) expect(manifest).not.toHaveProperty(kind);
  for (const name of Object.keys(manifest.peerDependencies)) {
    expect(manifest.peerDependenciesMeta[name], name).toEqual({ optional: true });
  }
});

/** Bundle a module of one line for browsers, as an application does. */
async function bundled(contents: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: inject("site") },
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]!.contents;
}

test("core and strict kernels are at most 149 KB gzip as shipped, 110.5 KB minified", async () => {
  const gzip = (bytes: Uint8Array) => gzipSync(bytes, { level: 9 }).length;
  const kernels = gzip(await readFile(shipped("dist/kernels.wasm")));
  const asShipped = gzip(
    Buffer.concat(await Promise.all((await imports("index.js")).map((file) => readFile(file)))),
  );
  const minified = gzip(await bundled('export * from "lstmkit"'));
  console.log(`gzip bytes: kernels ${kernels}, index.js ${asShipped} as shipped, ${minified} minified`);
  expect(asShipped + kernels).toBeLessThanOrEqual(149_000);
  expect(minified + kernels).toBeLessThanOrEqual(110_500);
});

/** A file of dist/ and the files that it imports. */
async function imports(file: string, found = new Set<string>()): Promise<string[]> {
  const whole = shipped(`dist/${file}`);
  if (!found.has(whole)) {
    found.add(whole);
    const source = await readFile(whole, "utf8");
    for (const [, next] of source.matchAll(/^(?:import|\}) ?.*"\.\/([\w-]+\.js)";$/gm)) {
      await imports(next!, found);
    }
  }
  return [...found];
}

describe("a bundler leaves out what is not used", () => {
  test("all of it", async () => {
    expect((await bundled('import "lstmkit"; import "lstmkit/data"; import "lstmkit/inline"')).length).toBe(
      0,
    );
  });

  test("the runtime, where only padSequences is imported", async () => {
    const bytes = await bundled('export { padSequences } from "lstmkit"');
    expect(new TextDecoder().decode(bytes)).not.toContain("WebAssembly");
    expect(bytes.length).toBeLessThan(6_500); // with the check of its options
  });
});

test("entry points share their classes: an error of one is an instance of the other's", async () => {
  const code = `
    import { LstmkitError } from "lstmkit";
    import * as data from "lstmkit/data";
    import * as inline from "lstmkit/inline";
    try { data.textsFromCsv(new Uint8Array()); } catch (error) { console.log(error instanceof LstmkitError); }
    console.log(inline.LstmkitError === LstmkitError);`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", code], {
    cwd: inject("site"),
  });
  expect(stdout).toBe("true\ntrue\n");
});

const PROGRAM = `
import { createRuntime, dense, LstmkitError, lstm, type Model, type Runtime } from "lstmkit";
import { createRuntime as createInline } from "lstmkit/inline";
import { textsFromCsv } from "lstmkit/data";
import { loadModel, loadSpam } from "lstmkit/node";
const kit: Runtime = await createRuntime({ threads: "auto" });
const model: Model = await kit.sequential([lstm({ units: 2, inputShape: [3, 1] }), dense({ units: 1 })]);
// @ts-expect-error: a number
lstm({ units: "2" });
export { createInline, LstmkitError, loadModel, loadSpam, model, textsFromCsv };
`;

test.each(["node16", "bundler"])("a strict program compiles with moduleResolution %s", async (resolution) => {
  const site = inject("site");
  await writeFile(join(site, "program.ts"), PROGRAM);
  const { stdout } = await run(
    process.execPath,
    [
      path("node_modules/typescript/bin/tsc"),
      ...["--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom"],
      ...["--module", resolution === "node16" ? "node16" : "esnext", "--moduleResolution", resolution],
      ...["--skipLibCheck", "false", "--types", "node", "--typeRoots", path("node_modules/@types")],
      "program.ts",
    ],
    { cwd: site },
  ).catch((error: { stdout: string }) => error);
  expect(stdout).toBe("");
});

describe("the README's snippets run as they stand", async () => {
  const readme = await readFile(path("README.md"), "utf8");
  const snippets = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code!);

  test.each(snippets.map((code, i) => ({ number: i + 1, code })))("snippet $number", async ({ code }) => {
    const file = join(inject("site"), "snippet.js");
    await writeFile(file, code);
    await run(process.execPath, [file], { cwd: inject("site") });
  });
});
