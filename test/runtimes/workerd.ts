/** The job in workerd: bundled as its own tools do it, with .wasm files as modules of their own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import type { JobResult } from "./engines.ts";
import { WORKERD } from "./tools.ts";

const PORT = 8137;

/** A date before workerd had MessageChannel: what works there works later. */
const COMPATIBILITY_DATE = "2025-01-01";

export async function runInWorkerd(site: string): Promise<JobResult> {
  return serveWorkerd(site, "workerd.js", async (origin) => {
    await phase(`${origin}/open`);
    const start = performance.now();
    const { steps } = (await phase(`${origin}/train`)) as { steps: number };
    const msPerStep = (performance.now() - start) / steps;
    return { ...((await phase(`${origin}/finish`)) as Omit<JobResult, "msPerStep">), msPerStep };
  });
}

async function phase(url: string): Promise<unknown> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

/** Serve a worker, from a file of the site, for as long as `use` takes. */
export async function serveWorkerd<T>(
  site: string,
  file: string,
  use: (origin: string) => Promise<T>,
): Promise<T> {
  const outdir = join(site, "workerd");
  const { metafile } = await build({
    entryPoints: { worker: join(site, file) },
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
  services = [(name = "main", worker = (
    modules = [(name = "worker", esModule = embed "worker.js"), ${modules.join(", ")}],
    compatibilityDate = "${COMPATIBILITY_DATE}",
  ))],
  sockets = [(name = "http", address = "127.0.0.1:${PORT}", http = (), service = "main")],
);
`,
  );
  const server = spawn(WORKERD, ["serve", config], { stdio: ["ignore", "ignore", "inherit"] });
  const ended = once(server, "exit");
  try {
    await listening();
    return await use(`http://127.0.0.1:${PORT}`);
  } finally {
    server.kill();
    await ended;
  }
}

/** Knock until somebody answers, ten seconds at most. */
async function listening(): Promise<void> {
  for (let left = 100; ; left--) {
    const socket = connect(PORT, "127.0.0.1");
    const open = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return;
    if (left === 0) throw new Error(`workerd does not listen at port ${PORT}`);
    await sleep(100);
  }
}
