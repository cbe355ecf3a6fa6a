/** A disk that is full: a file system of 1 MB in memory, which only root can mount. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { folderCheckpoints } from "../../src/node.ts";
import { events, REVIEWS, Workplace } from "../cli/command-line.ts";

let place: Workplace;
let isMounted = false;
beforeAll(() => {
  place = new Workplace();
  place.write("reviews.csv", REVIEWS);
  mkdirSync(place.path("small"));
  const flags = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", place.path("small")];
  isMounted = process.platform === "linux" && spawnSync("mount", flags).status === 0;
});
afterAll(() => {
  if (isMounted) spawnSync("umount", [place.path("small")]);
  place.dispose();
});

test("a checkpoint that finds no room is told once, the run goes on, and those before it stay whole", async (context) => {
  if (!isMounted) context.skip("nothing can be mounted here");
  const kept = place.path("small/kept");
  const store = folderCheckpoints(kept);
  const before = new Uint8Array(300_000).fill(7);
  await store.write(before);
  await store.write(before);
  await expect(store.write(new Uint8Array(600_000))).rejects.toThrow(/^FILE_UNWRITABLE.*ENOSPC/);
  const whole = await store.read();
  expect(whole.map((bytes) => Buffer.compare(bytes, before))).toEqual([0, 0]);
  expect(() => writeFileSync(place.path("small/fill"), new Uint8Array(2 ** 20))).toThrow(/ENOSPC/); // all that there was
  const args = "reviews.csv --epochs 3 --units 8 --embedding 8 --max-len 10 --vocab 50 --batch 8".split(" ");
  const { code, stdout, stderr } = await place.run([
    ...["train", ...args, "--json", "--checkpoint", "small/kept", "--checkpoint-every", "2"],
  ]);
  expect(
    stderr.match(/A checkpoint could not be written, and the run goes on without it: .*ENOSPC/g),
  ).toHaveLength(1);
  expect(code).toBe(0);
  expect(events(stdout).at(-1)).toMatchObject({ event: "done" });
  expect(readdirSync(place.path("small"))).toEqual(["fill"]);
});
