import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockFolder } from "../../src/disk/lock-node.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "lstmkit-lock-")), "run");
  file = join(folder, "lock");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

/** What this process's lock says, changed, as another one's. */
async function written(change: Record<string, unknown>): Promise<void> {
  await lockFolder(folder);
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...change }));
}

test("a folder is had by one, and is left as if nothing had been", async () => {
  const unlock = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toThrow(
    `BUSY: another run keeps its checkpoints in ${folder}: process ${process.pid}`,
  );
  await unlock();
  expect(readdirSync(join(folder, ".."))).toEqual([]);
  const again = await lockFolder(folder);
  writeFileSync(join(folder, "own"), "");
  await again();
  expect(readdirSync(folder)).toEqual(["own"]);
});

const gone = spawnSync(process.execPath, ["-e", ""]).pid;

test.each([
  ["a process that is gone", { pid: gone, start: "1" }],
  ["a process whose number another one has", { start: "1" }],
  ["a boot before this one", { machineBoot: "before" }],
])("the lock of %s is taken over", async (_, change) => {
  if (process.platform !== "linux" && !("pid" in change)) return;
  await written(change);
  const unlock = await lockFolder(folder);
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ pid: process.pid });
  expect(readdirSync(folder)).toEqual(["lock"]);
  await unlock();
});

test("that of another machine counts, whatever its process, and its name is said", async () => {
  await written({ host: "0123456789abcdef", machine: "other", pid: gone });
  await expect(lockFolder(folder)).rejects.toThrow(
    new RegExp(
      `process ${gone} on the machine other, since .*; if there is no such run any more, remove ${file}`,
    ),
  );
});

test.each(["", '{"pid":', "[]", "null"])(
  "a lock that says nothing (%j), of one that was killed as it wrote it, is taken over",
  async (text) => {
    await written({});
    writeFileSync(file, text);
    utimesSync(file, 0, 0);
    await (await lockFolder(folder))();
    expect(readdirSync(join(folder, ".."))).toEqual([]);
  },
);

test("of ten that come for one that is gone, one has it", async () => {
  for (let round = 0; round < 5; round++) {
    await written({ pid: gone, start: "1" });
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => lockFolder(folder)));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(["lock"]);
    rmSync(file);
  }
});
