/** node vite.js <folder of the application> <folder to build into> */
import process from "node:process";
import { build } from "vite";

const [root, outDir] = process.argv.slice(2);
await build({ root, configFile: false, logLevel: "warn", build: { outDir, emptyOutDir: true } });
