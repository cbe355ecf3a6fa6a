/** Of the callbacks an application's bundle has those that it imports. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";

/** Words that are in the bundle of one callback alone. */
const WORDS = {
  csvLogger: "csvLogger()",
  earlyStopping: "startFromEpoch",
  modelCheckpoint: "initialValueThreshold",
  reduceLROnPlateau: "cooldown",
  tensorBoard: "brain.Event",
};

async function bundled(names: readonly string[]): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { ${names} } from "./index.js"; console.log(${names});`,
      resolveDir: fileURLToPath(new URL("../../dist/", import.meta.url)),
    },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]!.text;
}

test.each([...Object.keys(WORDS), "createRuntime"])("with %s there is no other", async (name) => {
  const text = await bundled([name]);
  const found = Object.entries(WORDS).filter(([, word]) => text.includes(word));
  expect(found.map(([own]) => own)).toEqual(Object.keys(WORDS).filter((own) => own === name));
});
