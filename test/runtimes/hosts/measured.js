/** The entry point of the web, which sees no flags, in Node: the width that it finds by measuring, as JSON. */
import { readFile } from "node:fs/promises";
import { createRuntime } from "./node_modules/lstmkit/dist/index.js";

const kernels = (file) => readFile(new URL(`node_modules/lstmkit/dist/${file}`, import.meta.url));
const start = performance.now();
const kit = await createRuntime({ kernels });
const ms = performance.now() - start;
const { vectors, vectorsReason } = await kit.info();
console.log(JSON.stringify({ vectors, vectorsReason, ms }));
await kit.close();
