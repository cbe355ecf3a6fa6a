/** The package's files on disk: where they are, or what to do where they are not. */
import { existsSync } from "node:fs";
import { LstmkitError } from "../errors.ts";

/**
 * A file of the package: beside the code that runs or, in the project's own folder, where the build or the
 * repository has it. A bundler for Node takes the code elsewhere and leaves the files behind; one that writes
 * CommonJS leaves no address to look from.
 *
 * @param beside written out, as bundlers look for it; it may throw
 * @param inProject the folder from there, with a slash at its end
 * @param instead what an application can do that has its own place for the file
 * @throws FILE_NOT_FOUND
 */
export function packagedFile(name: string, beside: () => URL, inProject: string, instead: string): URL {
  let cause: unknown;
  try {
    const url = beside();
    const found = [url, new URL(inProject + name, url)].find((place) => existsSync(place));
    if (found) return found;
  } catch (error) {
    cause = error;
  }
  const where = import.meta.url === undefined ? "the code that runs" : import.meta.url;
  throw new LstmkitError(
    "FILE_NOT_FOUND",
    `${name} is not beside ${where}. Where an application is bundled, leave lstmkit out of the bundle ` +
      `(external: ["lstmkit"] or your bundler's word for it), or ${instead}. Where it is not, install the package again.`,
    { cause },
  );
}
