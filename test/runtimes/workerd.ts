/** The job in workerd: bundled as its own tools do it, with .wasm files as modules of their own. */
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import type { JobResult } from "./engines.ts";
import { WORKERD } from "./tools.ts";

const PORT = 8137;

/** A date before workerd had MessageChannel: what works there works later. */
const COMPATIBILITY_DATE = "2025-01-01";

export async function runInWorkerd(site: string): Promise<JobResult> {
  const outdir = join(site, "workerd");
  const { metafile } = await build({
    entryPoints: [join(site, "workerd.js")],
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    outdir,
    metafile: true,
    absWorkingDir: site,
  });
  const modules = Object.keys(metafile.outputs)
    .filter((path) => path.endsWith(".wasm"))
    .map((path) => `(name = "./${basename(path)}", wasm = embed "${basename(path)}")`);
  const config = join(outdir, "config.capnp");
  await writeFile(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "job", worker = (
    modules = [(name = "worker", esModule = embed "workerd.js"), ${modules.join(", ")}],
    compatibilityDate = "${COMPATIBILITY_DATE}",
  ))],
  sockets = [(name = "http", address = "127.0.0.1:${PORT}", http = (), service = "job")],
);
`,
  );
  const server = spawn(WORKERD, ["serve", config], { stdio: ["ignore", "ignore", "inherit"] });
  try {
    await answering(`http://127.0.0.1:${PORT}/open`);
    const start = performance.now();
    const { steps } = (await phase("train")) as { steps: number };
    const msPerStep = (performance.now() - start) / steps;
    return { ...((await phase("finish")) as Omit<JobResult, "msPerStep">), msPerStep };
  } finally {
    server.kill();
  }
}

/** Call until somebody listens, ten seconds at most. */
async function answering(url: string): Promise<void> {
  for (let left = 100; ; left--) {
    const response = await fetch(url).catch((error: unknown) => {
      if (left === 0) throw error;
    });
    if (response?.ok) return;
    if (response) throw new Error(await response.text());
    await sleep(100);
  }
}

async function phase(name: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${PORT}/${name}`);
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}
