/** Report what a page of the documentation puts into its <output>. */
import { report } from "./report.js";

await report(async () => {
  const output = document.querySelector("output");
  while (!output.value) await new Promise((resolve) => setTimeout(resolve, 50));
  return output.value;
});
