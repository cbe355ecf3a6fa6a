/** A disk that is full, or may not be written to: a file system of 1 MB in memory, which only root can mount. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRuntime, dense, folderCheckpoints } from "../../src/node.ts";
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

test("a folder that may not be written to is told before anything is trained; one that becomes so, once, and the run goes on", async (context) => {
  const small = place.path("small");
  const remount = (how: string) => spawnSync("mount", ["-o", `remount,${how}`, small]).status === 0;
  // Where root mounts nothing, a mode is no hindrance to it either.
  if (!isMounted || !remount("ro")) context.skip("nothing can be mounted here");
  try {
    const args = "reviews.csv --epochs 2 --units 4 --embedding 4 --max-len 10 --vocab 50 --batch 8".split(
      " ",
    );
    const told = await place.run(["train", ...args, "--checkpoint", "small/ro"]);
    expect(told.stderr).toMatch(
      /^lstmkit: FILE_UNWRITABLE: the folder .*small\/ro cannot be made or written to \(EROFS\)/,
    );
    expect(told.code).toBe(1);
    remount("rw");
    const store = folderCheckpoints(place.path("small/becomes"));
    const kit = await createRuntime();
    const model = await kit.sequential([dense({ units: 1, inputShape: [2] })], { seed: 1 });
    await model.compile({ loss: "meanSquaredError" });
    const [x, y] = [
      Array.from({ length: 40 }, (_, i) => [i % 3, i % 5]),
      Array.from({ length: 40 }, (_, i) => i % 2),
    ];
    const errors: unknown[] = [];
    const checkpoint = { store, every: 1, onError: (error: unknown) => void errors.push(error) };
    const onBatchEnd = (batch: number) => void (batch === 4 && remount("ro"));
    await model.fit(x, y, { batchSize: 4, checkpoint, onBatchEnd });
    expect(errors.length).toBeGreaterThan(3);
    for (const error of errors) expect(String(error)).toMatch(/FILE_UNWRITABLE.*EROFS/);
    // What is there can be gone on from, where one may not write.
    const again = await kit.sequential([dense({ units: 1, inputShape: [2] })], { seed: 1 });
    await again.compile({ loss: "meanSquaredError" });
    let from = -1;
    const onResume = (resumed: { batches: number } | null) => {
      from = resumed?.batches ?? 0;
    };
    await again.fit(x, y, { batchSize: 4, checkpoint: { ...checkpoint, resume: true, onResume } });
    expect(from).toBeGreaterThan(1);
    expect(await again.digest()).toBe(await model.digest());
    await kit.close();
  } finally {
    remount("rw");
    rmSync(place.path("small/becomes"), { recursive: true, force: true });
  }
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
  // The folder's lock finds no room: told before anything is trained.
  const refused = await place.run(["train", "reviews.csv", "--checkpoint", "small/kept"]);
  expect(refused.stderr).toMatch(/^lstmkit: FILE_UNWRITABLE: .*ENOSPC/m);
  truncateSync(place.path("small/fill"), statSync(place.path("small/fill")).size - 8192); // room for the lock alone
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
