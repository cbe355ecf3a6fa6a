/** node webpack.js <folder of the application> <folder to build into> */
import { copyFile } from "node:fs/promises";
import process from "node:process";
import { promisify } from "node:util";
import webpack from "webpack";

const [root, path] = process.argv.slice(2);
const compiler = webpack({ mode: "production", context: root, entry: "./main.js", output: { path } });
const stats = await promisify(compiler.run.bind(compiler))();
if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString());
await copyFile(`${root}/index.html`, `${path}/index.html`);
