/** What the scripts that start tests share: to run commands, and to install Debian's packages. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";

/** What a Debian package is known by, where it is installed. */
const DEBIAN = {
  chromium: "/usr/bin/chromium",
  "firefox-esr": "/usr/bin/firefox-esr",
  "webkit2gtk-driver": "/usr/bin/WebKitWebDriver",
  xvfb: "/usr/bin/xvfb-run",
  xauth: "/usr/bin/xauth",
  "openmpi-bin": "/usr/bin/mpirun.openmpi",
  mpich: "/usr/bin/mpirun.mpich",
  iproute2: "/usr/bin/ip",
  "redis-server": "/usr/bin/redis-server",
  "qemu-user-static": "/usr/bin/qemu-aarch64-static",
  "libc6-arm64-cross": "/usr/aarch64-linux-gnu/lib/libc.so.6",
  "libstdc++6-arm64-cross": "/usr/aarch64-linux-gnu/lib/libstdc++.so.6",
  "libatomic1-arm64-cross": "/usr/aarch64-linux-gnu/lib/libatomic.so.1",
};

/**
 * Install those of the packages that are missing; ends the process where that cannot be.
 *
 * @param {readonly (keyof typeof DEBIAN)[]} names
 * @param {string} otherwise what else one can do, behind "apt-get install …, "
 */
export function installDebian(names, otherwise = "as root") {
  const missing = names.filter((name) => !existsSync(DEBIAN[name]));
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    fail(`apt-get install ${missing.join(" ")}, ${otherwise}`);
  }
  const quiet = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  must("apt-get", ["update", "-qq"], quiet);
  must("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], quiet);
}

/** Run Vitest with a configuration, and end with its status. */
export function runVitest(config, args, env = {}) {
  const { status } = run("npx", ["vitest", "run", "--config", config, "--root", ".", ...args], {
    ...process.env,
    ...env,
  });
  process.exit(status ?? 1);
}

export function must(command, args, env) {
  if (run(command, args, env).status !== 0) fail(`${command} ${args.join(" ")} failed`);
}

export function fail(message) {
  console.error(message);
  process.exit(1);
}

function run(command, args, env = process.env) {
  return spawnSync(command, args, { stdio: "inherit", env });
}
