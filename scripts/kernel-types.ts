import asc from "assemblyscript/asc";

/** The exports of assembly/index.ts as an interface and as a table, from the compiler's own declarations. */
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
  const signatures = functions.map((line) => line.replace("export function ", ""));
  const counts = signatures.map((line) => {
    const [, name, parameters] = /^(\w+)\((.*)\)/.exec(line)!;
    return `${name}: ${parameters === "" ? 0 : parameters!.split(",").length},`;
  });
  return `/**
 * The exports of assembly/index.ts, by the compiler's declarations: npm run generate. What each computes, with
 * shapes, is said in assembly/. Pointers are byte offsets, sizes count elements, distances floats. Many lines, because
 * each export has its own.
 */
export interface Kernels {
${signatures.join("\n")}
}

/** How many parameters each has: what tells another version's module. */
export const KERNEL_PARAMETERS: { readonly [K in keyof Kernels]: number } = {
${counts.join("\n")}
};
`;
}
