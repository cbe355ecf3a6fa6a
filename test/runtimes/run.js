/**
 * `npm run test:runtimes [-- --without deno,bun] [arguments for Vitest]`: installs what is missing (npm
 * packages beside this file; browsers and an emulator from Debian's packages, as root), then runs the tests.
 */
import { existsSync, statSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { fail, installDebian, must, runVitest } from "../commands.js";

process.chdir(fileURLToPath(new URL("../..", import.meta.url)));

const arguments_ = process.argv.slice(2);
const at = arguments_.indexOf("--without");
const without = at < 0 ? "" : arguments_.splice(at, 2)[1];
if (without === undefined) fail("--without wants names of engines: --without deno,bun");

/** The Debian packages that an engine is started with. */
const NEEDS = {
  chromium: ["chromium"],
  firefox: ["firefox-esr"],
  webkit: ["webkit2gtk-driver", "xvfb", "xauth"],
  "node-arm64": ["qemu-user-static", "libc6-arm64-cross", "libstdc++6-arm64-cross", "libatomic1-arm64-cross"],
};

installTools("test/runtimes");
installTools("test/runtimes/arm64", "--cpu=arm64", "--os=linux");
const left = without.split(",");
const needed = Object.entries(NEEDS).flatMap(([engine, names]) => (left.includes(engine) ? [] : names));
installDebian(needed, "or leave engines out with --without");
runVitest("test/runtimes/vitest.config.ts", arguments_, { LSTMKIT_WITHOUT: without });

function installTools(folder, ...flags) {
  const [wanted, done] = [`${folder}/package-lock.json`, `${folder}/node_modules/.package-lock.json`];
  if (existsSync(done) && statSync(done).mtimeMs >= statSync(wanted).mtimeMs) return;
  // The packages bring their programs with them; no script has to fetch one.
  must("npm", ["ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", ...flags]);
}
