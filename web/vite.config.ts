import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin, type Rolldown } from "vite";
import { KERAS_DATASETS } from "../src/data/imdb-files.ts";

/** Styles of the development server are inline, so that only the built page has a policy. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  `connect-src 'self' ${KERAS_DATASETS}`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

const policy: Plugin = {
  name: "content-security-policy",
  apply: "build",
  transformIndexHtml: () => [
    {
      tag: "meta",
      attrs: { "http-equiv": "Content-Security-Policy", content: POLICY },
      injectTo: "head-prepend",
    },
  ],
};

/** What the page may weigh before anything is asked of it, in bytes of gzip; data and workers come later. */
const FIRST_LOAD = 150_000;

const weight: Plugin = {
  name: "first-load",
  apply: "build",
  writeBundle(_, bundle) {
    const size = firstLoad(bundle)
      .map((file) => gzipSync(file.type === "chunk" ? file.code : file.source).length)
      .reduce((sum, bytes) => sum + bytes, 0);
    this.info(`first load: ${(size / 1000).toFixed(1)} kB gzip`);
    if (size > FIRST_LOAD)
      this.error(`the first load is ${size} bytes of gzip; wanted ${FIRST_LOAD} at most`);
  },
};

/** The page, its styles, and the entry with what it imports at once. */
function firstLoad(bundle: Rolldown.OutputBundle): (Rolldown.OutputChunk | Rolldown.OutputAsset)[] {
  const files = new Set<Rolldown.OutputChunk | Rolldown.OutputAsset>();
  const add = (file: Rolldown.OutputChunk | Rolldown.OutputAsset | undefined) => {
    if (!file || files.has(file)) return;
    files.add(file);
    if (file.type === "chunk") for (const name of file.imports) add(bundle[name]);
  };
  for (const file of Object.values(bundle)) {
    if (file.type === "chunk" ? file.isEntry : /\.(html|css)$/.test(file.fileName)) add(file);
  }
  return [...files];
}

const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

// biome-ignore lint/style/noDefaultExport: Vite reads the default export
export default defineConfig({
  base: "./",
  plugins: [policy, weight],
  build: {
    target: "es2022",
    // The policy lets nothing be fetched from a data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: "THIRD-PARTY-NOTICES.md" },
  },
  worker: { format: "es" },
  server: { headers: ISOLATION },
  preview: { headers: ISOLATION },
});
