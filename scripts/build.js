// Kernels (asc), bundles (esbuild) and types (tsc) into dist/.
import { spawnSync } from "node:child_process";
import { copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { build } from "esbuild";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
await rm("dist", { recursive: true, force: true });
await mkdir("dist");

async function kernels(target) {
  const { error, stderr } = await asc.main(["--config", "asconfig.json", "--target", target]);
  if (error) throw new Error(`asc, target ${target}: ${error.message}\n${stderr.toString()}`);
}

const shared = { bundle: true, format: "esm", target: "es2022", legalComments: "linked", logLevel: "warning" };
const node = { ...shared, platform: "node", target: "node20" };

await Promise.all([
  kernels("release").then(() => kernels("debug")),
  build({ ...shared, entryPoints: ["src/index.ts"], outfile: "dist/index.js" }),
  build({ ...node, entryPoints: ["src/node.ts"], outfile: "dist/node.js" }),
  build({
    ...node,
    entryPoints: { cli: "src/cli/main.ts" },
    outdir: "dist",
    banner: { js: "#!/usr/bin/env node" },
  }),
  ...(await readdir("assets"))
    .filter((name) => name.endsWith(".bin"))
    .map((name) => copyFile(`assets/${name}`, `dist/${name}`)),
]);

const tsc = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], {
  stdio: "inherit",
});
if (tsc.status !== 0) process.exit(1);
