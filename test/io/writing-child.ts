/**
 * A process that writes a file with writeWhole(): `stay` hangs in the midst of the write, for ever, after saying
 * so on stdout; `exit` leaves there with process.exit(); `write` writes 300 kB and says how it went; `stranger`
 * does so as another user, which needs root.
 */
import { type FileHandle, open } from "node:fs/promises";
import { writeWhole } from "../../src/io/disk-node.ts";

const [how, path] = process.argv.slice(2) as [string, string];
if (how === "stranger") {
  process.setgroups!([]);
  process.setgid!(34_567);
  process.setuid!(45_678);
} else if (how !== "write") {
  const handle = await open(new URL(import.meta.url));
  const proto = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  proto.sync = () => {
    if (how === "exit") process.exit(7);
    process.stdout.write("writing");
    return new Promise(() => setInterval(() => {}, 1000));
  };
}
try {
  await writeWhole(path, new Uint8Array(300_000).fill(1));
  process.stdout.write("written");
} catch (error) {
  process.stdout.write(String(error));
}
