import asc from "assemblyscript/asc";

/** The exports of assembly/index.ts as an interface, from the compiler's own declarations. */
export async function kernelTypes(): Promise<string> {
  let declarations = "";
  const { error, stderr } = await asc.main(
    ["--config", "asconfig.json", "--target", "debug", "--bindings", "raw", "--outFile", "kernels.wasm"],
    {
      writeFile(name, contents) {
        if (name.endsWith(".d.ts")) declarations = String(contents);
      },
    },
  );
  if (error) throw new Error(`asc: ${error.message}\n${stderr.toString()}`);
  const functions = declarations.match(/export function .*;/g) ?? [];
  return `/**
 * The exports of assembly/index.ts, by the compiler's declarations: npm run generate. What each computes, with
 * shapes, is said in assembly/. Pointers are byte offsets, sizes count elements, distances floats.
 */
export interface Kernels {
${functions.map((line) => line.replace("export function ", "")).join("\n")}
}
`;
}
