import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, expect, inject, test } from "vitest";
import { POLICY, visit } from "./pages.ts";
import { PINNED } from "./pinned.ts";
import { leftOut } from "./without.ts";

const run = promisify(execFile);
const script = (name: string) => fileURLToPath(new URL(`bundlers/${name}.js`, import.meta.url));

const testInChromium = test.skipIf(leftOut("chromium"));

testInChromium.each(["vite", "webpack", "esbuild"])(
  "an application built with %s trains in a worker",
  async (name) => {
    const built = join(inject("site"), `built-${name}`);
    await run(process.execPath, [script(name), join(inject("site"), "app"), built]);
    const result = await visit("chromium", {
      folder: built,
      page: "index.html",
      policy: POLICY,
      isolated: true,
    });
    expect(result).toMatchObject({ ...PINNED, threads: 2 });
  },
);

let server: ChildProcess | undefined;
afterEach(() => server?.kill());

testInChromium("Vite's development server serves the same application", async () => {
  const app = join(inject("site"), "app");
  const result = await visit("chromium", {
    folder: app,
    page: "index.html",
    async front(site) {
      server = spawn(process.execPath, [script("vite-dev"), app, site], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [line] = (await once(server.stdout!, "data")) as [Buffer];
      return line.toString().trim();
    },
  });
  expect(result).toMatchObject({ ...PINNED, threads: 2 });
});
