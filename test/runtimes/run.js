/**
 * `npm run test:runtimes [-- --without deno,bun] [arguments for Vitest]`: installs what is missing (npm
 * packages beside this file; browsers and an emulator from Debian's packages, as root), then runs the tests.
 */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("../..", import.meta.url)));

const arguments_ = process.argv.slice(2);
const at = arguments_.indexOf("--without");
const without = at < 0 ? "" : arguments_.splice(at, 2)[1];
if (without === undefined) fail("--without wants names of engines: --without deno,bun");

/** What a Debian package is known by, where it is installed. */
const DEBIAN = {
  chromium: "/usr/bin/chromium",
  "firefox-esr": "/usr/bin/firefox-esr",
  "webkit2gtk-driver": "/usr/bin/WebKitWebDriver",
  xvfb: "/usr/bin/xvfb-run",
  xauth: "/usr/bin/xauth",
  "qemu-user-static": "/usr/bin/qemu-aarch64-static",
  "libc6-arm64-cross": "/usr/aarch64-linux-gnu/lib/libc.so.6",
  "libstdc++6-arm64-cross": "/usr/aarch64-linux-gnu/lib/libstdc++.so.6",
  "libatomic1-arm64-cross": "/usr/aarch64-linux-gnu/lib/libatomic.so.1",
};

/** The packages that an engine is started with. */
const NEEDS = {
  chromium: ["chromium"],
  firefox: ["firefox-esr"],
  webkit: ["webkit2gtk-driver", "xvfb", "xauth"],
  "node-arm64": ["qemu-user-static", "libc6-arm64-cross", "libstdc++6-arm64-cross", "libatomic1-arm64-cross"],
};

installTools("test/runtimes");
installTools("test/runtimes/arm64", "--cpu=arm64", "--os=linux");
installDebian();
const { status } = run(
  "npx",
  ["vitest", "run", "--config", "test/runtimes/vitest.config.ts", "--root", ".", ...arguments_],
  {
    ...process.env,
    LSTMKIT_WITHOUT: without,
  },
);
process.exit(status ?? 1);

function installTools(folder, ...flags) {
  const [wanted, done] = [`${folder}/package-lock.json`, `${folder}/node_modules/.package-lock.json`];
  if (existsSync(done) && statSync(done).mtimeMs >= statSync(wanted).mtimeMs) return;
  // The packages bring their programs with them; no script has to fetch one.
  must("npm", ["ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", ...flags]);
}

function installDebian() {
  const left = without.split(",");
  const missing = Object.entries(NEEDS)
    .flatMap(([engine, names]) => (left.includes(engine) ? [] : names))
    .filter((name) => !existsSync(DEBIAN[name]));
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    fail(`apt-get install ${missing.join(" ")}, or leave engines out with --without`);
  }
  const quiet = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  must("apt-get", ["update", "-qq"], quiet);
  must("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], quiet);
}

function run(command, args, env = process.env) {
  return spawnSync(command, args, { stdio: "inherit", env });
}

function must(command, args, env) {
  if (run(command, args, env).status !== 0) fail(`${command} ${args.join(" ")} failed`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
