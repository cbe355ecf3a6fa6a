/** node vite-dev.js <folder of the application> <server that /report goes to>: prints where it listens. */
import process from "node:process";
import { createServer } from "vite";

const [root, report] = process.argv.slice(2);
const server = await createServer({
  root,
  configFile: false,
  logLevel: "warn",
  server: {
    host: "127.0.0.1",
    headers: {
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    },
    proxy: { "/report": report },
  },
});
await server.listen();
console.log(server.resolvedUrls.local[0]);
