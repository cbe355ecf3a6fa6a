/** Which lstmkit this is: two that are alike give the same bits. */
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { version } from "../../../package.json";
import { readBytes } from "../../disk/disk-node.ts";

let found: Promise<string> | undefined;

/** The version, and 12 digits of the SHA-256 of this program and the kernels beside it. */
export function buildId(): Promise<string> {
  found ??= (async () => {
    const folder = fileURLToPath(new URL(".", import.meta.url));
    const names = (await readdir(folder)).filter((name) =>
      /^(cli\.js|kernels(\.(shared|dot))*\.wasm)$/.test(name),
    );
    const hash = createHash("sha256");
    for (const name of names.sort()) hash.update(name).update(await readBytes(`${folder}${name}`));
    return `${version}+${hash.digest("hex").slice(0, 12)}`;
  })();
  return found;
}
