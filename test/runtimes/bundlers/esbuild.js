/** node esbuild.js <folder of the application> <folder to build into> */
import { copyFile, readdir } from "node:fs/promises";
import process from "node:process";
import { build } from "esbuild";

const [root, outdir] = process.argv.slice(2);
await build({ entryPoints: [`${root}/main.js`], bundle: true, minify: true, format: "esm", outdir });
// esbuild leaves new URL("./file", import.meta.url) as it is: the files have to lie beside the bundle.
const shipped = `${root}/../node_modules/lstmkit/dist`;
for (const file of await readdir(shipped)) {
  if (/^(kernels.*\.wasm|runtime-worker\.js)$/.test(file))
    await copyFile(`${shipped}/${file}`, `${outdir}/${file}`);
}
await copyFile(`${root}/index.html`, `${outdir}/index.html`);
