// Kernels (asc), bundles (esbuild), types (tsc) and the licences of what was bundled, into dist/.
import { spawnSync } from "node:child_process";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { build } from "esbuild";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
await rm("dist", { recursive: true, force: true });
await mkdir("dist");

async function compileKernels(target) {
  const { error, stderr } = await asc.main(["--config", "asconfig.json", "--target", target]);
  if (error) throw new Error(`asc, target ${target}: ${error.message}\n${stderr.toString()}`);
}

const shared = { bundle: true, format: "esm", target: "es2022", metafile: true, logLevel: "warning" };
const node = { ...shared, platform: "node", target: "node20" };
// A bundled CommonJS package calls require(), which an ES module has to make for itself.
const shebang = {
  js: `#!/usr/bin/env node
import { createRequire as requireFrom } from "node:module";
const require = requireFrom(import.meta.url);`,
};

/**
 * What the rules of holidays bring along: all zones of the world (700 KB), of which they name two. Dates are asked for in UTC.
 */
const ZONES = new Set(["UTC", "GMT", "America/Santiago"]);
const fewZones = {
  name: "few zones",
  setup(building) {
    building.onLoad({ filter: /moment-timezone[\\/]data[\\/]packed[\\/]latest\.json$/ }, async ({ path }) => {
      const { version, zones, links } = JSON.parse(await readFile(path, "utf8"));
      const isNamed = (entry) => entry.split("|").some((name) => ZONES.has(name));
      const kept = links.filter(isNamed);
      const wanted = new Set([...ZONES, ...kept.flatMap((link) => link.split("|"))]);
      const contents = {
        version,
        zones: zones.filter((zone) => wanted.has(zone.split("|")[0])),
        links: kept,
      };
      return { contents: JSON.stringify(contents), loader: "json" };
    });
  },
};

/** The command line loads them when it is asked for them, from the file that applications load. */
const holidaysBeside = {
  name: "holidays beside",
  setup(building) {
    building.onResolve({ filter: /\/data\/holidays\/index\.ts$/ }, () => ({
      path: "./holidays.js",
      external: true,
    }));
  },
};

const { targets } = JSON.parse(await readFile("asconfig.json", "utf8"));
for (const target of Object.keys(targets)) await compileKernels(target);

const strictKernels = await readFile("dist/kernels.wasm", "base64");
const results = await Promise.all([
  // What an application imports shares its code, so that there is one LstmkitError to be instance of.
  build({
    ...shared,
    entryPoints: {
      index: "src/index.ts",
      node: "src/node.ts",
      workerd: "src/workerd.ts",
      inline: "src/inline.ts",
      data: "src/data/index.ts",
      tasks: "src/tasks/index.ts",
      holidays: "src/data/holidays/index.ts",
      mpi: "src/mpi/index.ts",
    },
    plugins: [fewZones],
    splitting: true,
    external: ["node:*", "*.wasm", "koffi"],
    define: { KERNELS_BASE64: JSON.stringify(strictKernels) },
    outdir: "dist",
  }),
  // A script that a worker starts with is one file: bundlers copy it as it is.
  build({
    ...shared,
    entryPoints: { "runtime-worker": "src/worker/runtime-worker-web.ts" },
    outdir: "dist",
  }),
  build({ ...node, entryPoints: ["src/worker/runtime-worker-node.ts"], outdir: "dist" }),
  build({
    ...node,
    entryPoints: { cli: "src/cli/main.ts" },
    plugins: [holidaysBeside],
    external: ["koffi", "bullmq", "ioredis"],
    outdir: "dist",
    banner: shebang,
  }),
]);
for (const name of await readdir("assets")) {
  if (name.endsWith(".bin")) await copyFile(`assets/${name}`, `dist/${name}`);
}

/** The licence of every package that went into a bundle. */
async function notices() {
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const folders = new Set(
    inputs.flatMap((path) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0] ?? []),
  );
  const texts = [...folders].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} has no licence file to pass on`);
    return `${name} ${version} (${license})\n\n${await readFile(`${folder}/${file}`, "utf8")}`;
  });
  return (await Promise.all(texts)).join(`\n${"-".repeat(80)}\n\n`);
}
await writeFile("dist/THIRD-PARTY-NOTICES.txt", await notices());

const tsc = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], {
  stdio: "inherit",
});
if (tsc.status !== 0) process.exit(1);
