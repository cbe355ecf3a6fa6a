import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { loadCsv, loadImdb } from "../../src/data/load-node.ts";
import { checkWritable, type FilePath, readBytes, writeWhole } from "../../src/disk/disk-node.ts";
import { temporaryPath, thisWriter, type Writer } from "../../src/disk/temporary-node.ts";
import { loadModel, saveModel } from "../../src/model-file-node.ts";
import { codedError } from "../data/coded-error.ts";

const isRoot = process.getuid?.() === 0;
const BYTES = Uint8Array.of(1, 2, 3);

let folder: string;
const at = (name: string) => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lstmkit-disk-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, mode = 0o644, content: string | Uint8Array = "old"): string {
  writeFileSync(at(name), content);
  chmodSync(at(name), mode);
  return at(name);
}

const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

describe("readBytes", () => {
  test("reads a file by its path, its URL, and through a symbolic link", async () => {
    const path = put("a", 0o600, BYTES);
    symlinkSync(path, at("link"));
    for (const given of [path, pathToFileURL(path), at("link")])
      expect(await readBytes(given)).toEqual(BYTES);
    expect(await readBytes(put("empty", 0o600, ""))).toHaveLength(0);
  });

  test.each<[string, (path: string) => unknown, RegExp]>([
    ["a folder", (path) => mkdirSync(path), /is a folder; wanted a regular file\. Name a file in it/],
    [
      "a pipe that nobody writes to",
      (path) => execFileSync("mkfifo", [path]),
      /is a pipe; .* to a file first/,
    ],
    ["an endless device", (path) => symlinkSync("/dev/zero", path), /is a device; .* to a file first/],
    ["a link to itself", (path) => symlinkSync(path, path), /\(ELOOP\)/],
    ["5 GiB with holes", (path) => truncated(path, 5 * 2 ** 30), /5368709120 bytes; wanted .* 4294901760 at/],
  ])("refuses %s", async (_, make, message) => {
    make(at("x"));
    await expect(readBytes(at("x"))).rejects.toThrow(codedError("FILE_UNREADABLE", message));
  });

  test("refuses a socket", async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(at("x"), done));
    await expect(readBytes(at("x"))).rejects.toThrow(codedError("FILE_UNREADABLE", /is a socket/));
    server.close();
  });

  test("refuses a file that becomes shorter or longer in the meantime", async () => {
    const path = put("a", 0o600, BYTES);
    const handle = await open(path);
    const proto = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    for (const size of [2, 4]) {
      const found = Object.assign(statSync(path), { size });
      const spy = vi.spyOn(proto, "stat").mockResolvedValueOnce(found as never);
      await expect(readBytes(path)).rejects.toThrow(
        codedError("FILE_UNREADABLE", /changed while it was read/),
      );
      spy.mockRestore();
    }
  });

  test("says from where a relative path is taken, even where that folder is gone", async () => {
    const missing = () => readBytes("no-such-file").catch((error: Error) => error.message);
    expect(await missing()).toContain(`it is taken from ${process.cwd()}.`);
    const spy = vi.spyOn(process, "cwd").mockImplementation(() => {
      throw new Error("ENOENT: uv_cwd");
    });
    expect(await missing()).toMatch(/^FILE_NOT_FOUND: .* is gone\.$/);
    spy.mockRestore();
  });

  test.each<[string, string]>([
    ["a name that is too long", "n".repeat(5000)],
    ["a file that is no folder", "a/b"],
    ["a name with a line break", "no\nsuch"],
  ])("of %s names it on one line of bounded length", async (_, name) => {
    put("a");
    const error = await readBytes(at(name)).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: expect.stringMatching(/^FILE_/) as string });
    expect((error as Error).message).toMatch(/^.{1,600}$/);
  });
});

function truncated(path: string, size: number): void {
  const file = openSync(path, "w");
  ftruncateSync(file, size);
  closeSync(file);
}

describe("what is no path is refused with BAD_ARGUMENT by everything that takes one:", () => {
  const model = { save: () => Promise.reject(new Error("not to be called")) } as never;
  test.each<[string, unknown]>([
    ["a number", 5],
    ["nothing", undefined],
    ["null", null],
    ["an object", {}],
    ["an empty string", ""],
    ["a string with NUL", "a\0b"],
    ["a URL of the web", new URL("https://example.org/model")],
    ["a file: URL with NUL", new URL("file:///a%00b")],
  ])("%s", async (_, given) => {
    const path = given as FilePath;
    const refusal = codedError("BAD_ARGUMENT", /the path of a file(,| is .* wanted a string)/);
    await expect(readBytes(path)).rejects.toThrow(refusal);
    await expect(writeWhole(path, BYTES)).rejects.toThrow(refusal);
    await expect(checkWritable(path)).rejects.toThrow(refusal);
    await expect(
      loadModel({ load: () => Promise.reject(new Error("not to be called")) } as never, path),
    ).rejects.toThrow(refusal);
    await expect(saveModel(model, path)).rejects.toThrow(refusal);
    await expect(loadCsv(path)).rejects.toThrow(refusal);
    if (given === undefined) return; // an option may be left out
    const option = codedError("BAD_ARGUMENT", /the path of a file.* (file: URL|wanted a string)/);
    await expect(loadImdb({ data: path })).rejects.toThrow(option);
    await expect(loadCsv(put("a.csv"), { test: path })).rejects.toThrow(option);
  });
});

describe("writeWhole", () => {
  test("takes a file: URL", async () => {
    await checkWritable(pathToFileURL(at("a")));
    await writeWhole(pathToFileURL(at("a")), BYTES);
    expect(await readBytes(at("a"))).toEqual(BYTES);
  });

  test("makes a new file with the mode that the umask gives", async () => {
    await writeWhole(at("new"), BYTES);
    writeFileSync(at("plain"), "");
    expect(modeOf(at("new"))).toBe(modeOf(at("plain")));
  });

  test.each([0o600, 0o640, 0o644, 0o664, 0o660, 0o755])("keeps mode %o", async (mode) => {
    const path = put("a", mode);
    await writeWhole(path, BYTES);
    expect(modeOf(path)).toBe(mode.toString(8));
    expect(readFileSync(path)).toHaveLength(3);
  });

  test("does not pass on the bits that run a file as its owner", async () => {
    const path = put("a", 0o4755);
    await writeWhole(path, BYTES);
    expect(modeOf(path)).toBe("755");
  });

  test("keeps owner and group", async () => {
    const path = put("a", 0o640);
    if (isRoot) chownSync(path, 12_345, 23_456); // nobody else may give files away
    const { uid, gid } = statSync(path);
    await checkWritable(path);
    await writeWhole(path, BYTES);
    expect(statSync(path)).toMatchObject({ uid, gid });
    expect(modeOf(path)).toBe("640");
  });

  test("never shows a secret file's bytes to others: the temporary file has its mode, too", async () => {
    const child = await hanging(put("a", 0o600));
    const [temporary] = leftOvers();
    expect(modeOf(at(temporary!))).toBe("600");
    expect(statSync(at(temporary!)).size).toBe(300_000);
    await killed(child);
  });

  test("goes through symbolic links, to a file, to another link, and to nothing yet", async () => {
    mkdirSync(at("elsewhere"));
    put("elsewhere/a", 0o600);
    symlinkSync("elsewhere/a", at("link"));
    symlinkSync("link", at("second"));
    symlinkSync("elsewhere", at("folder"));
    symlinkSync("../elsewhere/b", at("elsewhere/dangling"));
    symlinkSync("folder/dangling", at("third"));
    await checkWritable(at("second"));
    await writeWhole(at("second"), BYTES);
    await writeWhole(at("third"), BYTES);
    expect(readFileSync(at("elsewhere/a"))).toHaveLength(3);
    expect(modeOf(at("elsewhere/a"))).toBe("600");
    expect(readFileSync(at("elsewhere/b"))).toHaveLength(3);
    for (const link of ["link", "second", "third", "elsewhere/dangling"]) {
      expect(lstatSync(at(link)).isSymbolicLink()).toBe(true);
    }
    expect(readdirSync(at("elsewhere")).sort()).toEqual(["a", "b", "dangling"]);
  });

  test("leaves the old file to its other hard links", async () => {
    linkSync(put("a"), at("b"));
    await writeWhole(at("a"), BYTES);
    expect(readFileSync(at("b"), "utf8")).toBe("old");
  });

  test.each<[string, (path: string) => unknown, RegExp]>([
    ["a folder", (path) => mkdirSync(path), /it is a folder/],
    ["a pipe", (path) => execFileSync("mkfifo", [path]), /it is a pipe/],
    ["a link to a device", (path) => symlinkSync("/dev/null", path), /it is a device/],
    ["a link to itself", (path) => symlinkSync(path, path), /ELOOP/],
    ["a link into a folder that is not there", (path) => symlinkSync("none/a", path), /ENOENT/],
  ])("refuses %s, as checkWritable does, and leaves it as it is", async (_, make, message) => {
    make(at("x"));
    const before = lstatSync(at("x")).mode;
    const refusal = codedError("FILE_UNWRITABLE", message);
    await expect(checkWritable(at("x"))).rejects.toThrow(refusal);
    await expect(writeWhole(at("x"), BYTES)).rejects.toThrow(refusal);
    expect(lstatSync(at("x")).mode).toBe(before);
    expect(readdirSync(folder)).toEqual(["x"]);
  });

  test("refuses a name that is too long, and one with a slash at its end", async () => {
    for (const name of ["n".repeat(256), "a/"]) {
      put("a");
      await expect(writeWhole(at(name), BYTES)).rejects.toThrow(codedError("FILE_UNWRITABLE"));
      expect(readdirSync(folder)).toEqual(["a"]);
    }
    await writeWhole(at("n".repeat(255)), BYTES);
  });

  test("leaves the old file whole where there is no room for the new one", async () => {
    const path = put("a");
    const output = await said(child("write", path, "ulimit -f 100; "));
    expect(output).toMatch(/FILE_UNWRITABLE: .* cannot be written \(EFBIG\)/);
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  test("is cleaned up after by process.exit()", async () => {
    const path = put("a");
    expect(await said(child("exit", path))).toBe("");
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  test("twenty at once are no leak of listeners, and leave nothing", async () => {
    const warned = vi.fn();
    process.on("warning", warned);
    await Promise.all(Array.from({ length: 20 }, (_, i) => writeWhole(at(`${i % 3}`), Uint8Array.of(i))));
    await new Promise(setImmediate);
    process.off("warning", warned);
    expect(warned).not.toHaveBeenCalled();
    expect(readdirSync(folder).sort()).toEqual(["0", "1", "2"]);
  });

  // Root alone may run a process as another user, and what that may not do is to be seen.
  test.runIf(isRoot)("as a user who may not give the group, grants it no more than everybody", async () => {
    chmodSync(folder, 0o777);
    const path = put("a", 0o662);
    chownSync(path, 12_345, 23_456);
    expect(await said(child("stranger", path))).toBe("written");
    expect(statSync(path)).toMatchObject({ uid: 45_678, gid: 34_567, size: 300_000 });
    expect(modeOf(path)).toBe("622");
  });
});

const SCRIPT = fileURLToPath(new URL("./writing-child.ts", import.meta.url));

function child(how: "stay" | "exit" | "write" | "stranger", path: string, before = ""): ChildProcess {
  const command = `${before}exec "$0" --import tsx "$1" ${how} "$2"`;
  return spawn("bash", ["-c", command, process.execPath, SCRIPT, path], {
    env: { ...process.env, TSX_DISABLE_CACHE: "1" },
  });
}

/** A process in the midst of writing the file. */
async function hanging(path: string): Promise<ChildProcess> {
  const writer = child("stay", path);
  await new Promise((resolve) => writer.stdout!.once("data", resolve));
  return writer;
}

async function killed(writer: ChildProcess): Promise<void> {
  const closed = new Promise((resolve) => writer.once("close", resolve));
  writer.kill("SIGKILL");
  await closed;
}

async function said(writer: ChildProcess): Promise<string> {
  let output = "";
  for await (const piece of writer.stdout!) output += String(piece);
  return output;
}

const leftOvers = () => readdirSync(folder).filter((name) => name.endsWith(".tmp"));

describe("a temporary file", () => {
  test("of a live writer is left alone; of one that was killed, it goes with the next write to its target", async () => {
    const target = at("a");
    const writer = await hanging(target);
    const [temporary] = leftOvers();
    await writeWhole(target, BYTES);
    expect(leftOvers()).toEqual([temporary]);
    await killed(writer);
    await writeWhole(at("another"), BYTES);
    expect(leftOvers()).toEqual([temporary]);
    await writeWhole(target, BYTES);
    expect(readdirSync(folder).sort()).toEqual(["a", "another"]);
  });

  const here = thisWriter();
  const gone = { ...here, pid: 2 ** 22 + 1 }; // above the most that Linux gives
  const elsewhere = "0123456789abcdef";
  const DAY = 24 * 60 * 60;

  test.each<[string, Writer, number, boolean]>([
    ["this process", here, 0, false],
    ["this process, long ago", here, 2 * DAY, false],
    ["a process that is gone", gone, 0, true],
    ["one whose pid is another's by now", { ...here, start: "1" }, 0, true],
    ["the first process of all", { ...here, pid: 1, start: "1" }, 0, true],
    ["another boot or container, just now", { ...gone, boot: elsewhere }, 0, false],
    ["another boot or container, with this pid, just now", { ...here, boot: elsewhere }, 0, false],
    ["another boot or container, long ago", { ...here, boot: elsewhere }, 2 * DAY, true],
    ["a system that tells no boot, just now", { ...gone, boot: "0", start: "0" }, 0, false],
    ["a system that tells no boot, long ago", { ...gone, boot: "0", start: "0" }, 2 * DAY, true],
    ["another host", { ...gone, host: elsewhere }, 0, false],
    ["a host that may not be known, long ago", { ...gone, host: "0" }, 365 * DAY, false],
    ["another host, long ago", { ...gone, host: elsewhere }, 365 * DAY, false],
  ])("of %s", async (_, writer, seconds, isRemoved) => {
    const temporary = temporaryPath(at("a"), writer);
    put(basename(temporary));
    const then = Date.now() / 1000 - seconds;
    utimesSync(temporary, then, then);
    await checkWritable(at("a"));
    expect(leftOvers()).toEqual(isRemoved ? [] : [basename(temporary)]);
  });

  test("that is none of ours stays, whatever it is called", async () => {
    const name = basename(temporaryPath(at("a"), gone));
    mkdirSync(at(name));
    const others = [".lstmkit-.tmp", "a.tmp", `${name}x`, name.replace(".lstmkit", ".other")];
    for (const other of others) put(other);
    await writeWhole(at("a"), BYTES);
    expect(readdirSync(folder).sort()).toEqual(["a", name, ...others].sort());
  });
});
