import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cachedDownload, type DownloadSource, defaultCacheDir } from "../../src/data/download-node.ts";
import { loadImdb } from "../../src/data/load-node.ts";
import { temporaryPath, thisWriter } from "../../src/io/temporary-node.ts";
import { codedError } from "./coded-error.ts";

const content = new Uint8Array(300_000).map((_, i) => (i * 31) % 251);
const sha256 = createHash("sha256").update(content).digest("hex");

let server: Server;
let base: string;
let requests: string[];
let answer: (response: ServerResponse) => void;
let cacheDir: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request.url!);
    answer(response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(async () => {
  requests = [];
  answer = (response) => response.end(content);
  cacheDir = join(await mkdtemp(join(tmpdir(), "lstmkit-cache-")), "inner");
});

afterEach(() => rm(join(cacheDir, ".."), { recursive: true, force: true }));

function source(changes: Partial<DownloadSource> = {}): DownloadSource {
  return {
    url: `${base}data.bin`,
    checksum: { algorithm: "sha256", hex: sha256 },
    size: content.length,
    ...changes,
  };
}

async function cached(): Promise<string[]> {
  return readdir(cacheDir).catch(() => []);
}

describe("cachedDownload", () => {
  test("fetches once, then reads its cache", async () => {
    const seen: [number, number][] = [];
    const onProgress = (received: number, total: number): void => void seen.push([received, total]);
    expect(await cachedDownload(source(), { cacheDir, onProgress })).toEqual(content);
    expect(seen.at(-1)).toEqual([content.length, content.length]);
    expect(seen.every(([received], i) => i === 0 || received > seen[i - 1]![0])).toBe(true);
    expect(Buffer.from(await cachedDownload(source(), { cacheDir })).equals(content)).toBe(true);
    expect(requests).toEqual(["/data.bin"]);
    expect(await cached()).toEqual(["data.bin"]);
  });

  test("checks MD5, too", async () => {
    const hex = createHash("md5").update(content).digest("hex");
    await cachedDownload(source({ checksum: { algorithm: "md5", hex } }), { cacheDir });
    expect(await cached()).toEqual(["data.bin"]);
  });

  test("fetches again what is damaged in the cache", async () => {
    await cachedDownload(source(), { cacheDir });
    await writeFile(join(cacheDir, "data.bin"), content.subarray(1));
    await cachedDownload(source(), { cacheDir });
    expect(requests).toHaveLength(2);
    expect((await readFile(join(cacheDir, "data.bin"))).equals(content)).toBe(true);
  });

  test.each([
    ["other bytes", content.toReversed(), "BAD_CHECKSUM", /sha256 [0-9a-f]{64}; wanted sha256/],
    ["more bytes", new Uint8Array(content.length + 1), "BAD_CHECKSUM", /more than 300000 bytes/],
    ["fewer bytes", content.subarray(5), "OFFLINE", /ended after 299995 of 300000/],
  ] as const)("keeps nothing of %s", async (_, body, code, message) => {
    answer = (response) => response.end(body);
    await expect(cachedDownload(source(), { cacheDir })).rejects.toThrow(codedError(code, message));
    expect(await cached()).toEqual([]);
  });

  test("keeps nothing when the connection is cut", async () => {
    answer = (response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 100_000), () => response.destroy());
    };
    await expect(cachedDownload(source(), { cacheDir })).rejects.toThrow(codedError("OFFLINE"));
    expect(await cached()).toEqual([]);
  });

  test("says what the server answered", async () => {
    answer = (response) => response.writeHead(404).end("no");
    await expect(cachedDownload(source(), { cacheDir })).rejects.toThrow(
      codedError("OFFLINE", /answered 404/),
    );
  });

  test("stops when its signal fires, before or during the download", async () => {
    await expect(cachedDownload(source(), { cacheDir, signal: AbortSignal.abort() })).rejects.toThrow(
      codedError("ABORTED"),
    );
    expect(requests).toEqual([]);
    answer = (response) => void response.writeHead(200).write(content.subarray(0, 10));
    const controller = new AbortController();
    const download = cachedDownload(source(), {
      cacheDir,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(download).rejects.toThrow(codedError("ABORTED", /nothing was kept/));
    expect(await cached()).toEqual([]);
  });

  test("clears the cache of what a killed process left of the same file, and of nothing else", async () => {
    await mkdir(cacheDir);
    const gone = { ...thisWriter(), pid: 2 ** 22 + 1 }; // above the most that Linux gives
    await writeFile(temporaryPath(join(cacheDir, "data.bin"), gone), "part");
    const other = temporaryPath(join(cacheDir, "other.bin"), gone);
    await writeFile(other, "part");
    await cachedDownload(source(), { cacheDir });
    expect((await cached()).sort()).toEqual([basename(other), "data.bin"].sort());
  });

  test("does not wait for a pipe in the place of its file", async () => {
    await mkdir(cacheDir);
    execFileSync("mkfifo", [join(cacheDir, "data.bin")]);
    await expect(cachedDownload(source(), { cacheDir })).rejects.toThrow(
      codedError("FILE_UNWRITABLE", /it is a pipe/),
    );
  });

  test("says when the cache cannot be written", async () => {
    const file = join(cacheDir, "..", "file");
    await writeFile(file, "");
    await expect(cachedDownload(source(), { cacheDir: join(file, "inside") })).rejects.toThrow(
      codedError("FILE_UNWRITABLE", /LSTMKIT_CACHE/),
    );
  });
});

describe("loadImdb without data", () => {
  test("fetches Keras's file, and keeps nothing of another", async () => {
    await expect(loadImdb({ baseUrl: base, cacheDir })).rejects.toThrow(
      codedError("OFFLINE", /300000 of 17464789/),
    );
    expect(requests).toEqual(["/imdb.npz"]);
    expect(await cached()).toEqual([]);
  });

  test("says without a connection how to go on", async () => {
    // Port 9 discards; nothing listens there.
    await expect(loadImdb({ baseUrl: "http://127.0.0.1:9/", cacheDir })).rejects.toThrow(
      codedError("OFFLINE", /imdb\.npz could not be fetched: .*--data/),
    );
  });
});

describe("defaultCacheDir", () => {
  test.each([
    [{ LSTMKIT_CACHE: "/c", XDG_CACHE_HOME: "/x" }, "linux", "/c"],
    [{ XDG_CACHE_HOME: "/x" }, "linux", join("/x", "lstmkit")],
    [{}, "linux", join(homedir(), ".cache", "lstmkit")],
    [{ XDG_CACHE_HOME: "/x" }, "darwin", join(homedir(), "Library", "Caches", "lstmkit")],
    [{ LOCALAPPDATA: "/local" }, "win32", join("/local", "lstmkit")],
    [{}, "win32", join(homedir(), "AppData", "Local", "lstmkit")],
  ])("%j on %s", (env, platform, wanted) => {
    expect(defaultCacheDir(env, platform)).toBe(wanted);
  });
});
