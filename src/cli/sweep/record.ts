/**
 * The folder of a sweep: what it is, and what is done of it. A line a result is appended and synced before anything else
 * is made of it; a sweep that is called again reads them and goes on.
 */
import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { readBytes, writeWhole } from "../../disk/disk-node.ts";
import { isGone, thisWriter, type Writer } from "../../disk/temporary-node.ts";
import { LstmkitError } from "../../errors.ts";
import { show } from "../../options.ts";
import { type DataFile, type Failure, isFinal, type TrialResult } from "./jobs.ts";

/** What a sweep is: the same, and it may be gone on with. */
export interface SweepIdentity {
  readonly build: string;
  readonly what: unknown;
  readonly data: readonly DataFile[];
}

/** A result of a trial, or its failure, after one of the rungs. */
export interface Entry {
  readonly trial: string;
  /** From 0. */
  readonly rung: number;
  readonly result?: TrialResult;
  readonly failure?: Failure;
}

const FORMAT = 1;

export class SweepRecord {
  readonly folder: string;
  /** Of this sweep among others on a queue. */
  readonly id: string;
  readonly #entries = new Map<string, Entry>();
  #appending: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, id: string, entries: readonly Entry[]) {
    this.folder = folder;
    this.id = id;
    for (const entry of entries) this.#take(entry);
  }

  /** @throws BAD_PLAN where the folder is another sweep's; BUSY; FILE_UNWRITABLE */
  static async open(folder: string, identity: SweepIdentity): Promise<SweepRecord> {
    await makeFolder(folder);
    await lock(folder);
    try {
      const path = join(folder, "sweep.json");
      const text = await readFile(path, "utf8").catch(() => null);
      if (text === null) {
        const id = randomBytes(6).toString("hex");
        await writeWhole(
          path,
          Buffer.from(`${JSON.stringify({ format: FORMAT, id, ...identity }, null, 2)}\n`),
        );
        return new SweepRecord(folder, id, []);
      }
      const found = readJson(text) as { format?: number; id?: string } & SweepIdentity;
      if (found?.format !== FORMAT || typeof found.id !== "string")
        throw other(folder, "sweep.json is not of this program");
      const difference = differenceOf(found, identity);
      if (difference) throw other(folder, difference);
      return new SweepRecord(folder, found.id, await readLog(join(folder, "trials.ndjson")));
    } catch (error) {
      await unlock(folder);
      throw error;
    }
  }

  /** What is known of a trial after a rung: of one that came to its end before, that. */
  of(trial: string, rung: number): Entry | undefined {
    for (let r = rung; r >= 0; r--) {
      const entry = this.#entries.get(`${trial} ${r}`);
      if (entry && (r === rung || entry.failure || entry.result!.digest !== null)) return entry;
    }
    return undefined;
  }

  /** A second result of the same job is none. @returns the first */
  async add(entry: Entry): Promise<Entry> {
    const known = this.#entries.get(`${entry.trial} ${entry.rung}`);
    if (known?.result) return known;
    this.#take(entry);
    const line = `${JSON.stringify(entry)}\n`;
    const appended = this.#appending.then(() => append(join(this.folder, "trials.ndjson"), line));
    this.#appending = appended.catch(() => undefined);
    await appended;
    return entry;
  }

  #take(entry: Entry): void {
    const key = `${entry.trial} ${entry.rung}`;
    if (!this.#entries.get(key)?.result) this.#entries.set(key, entry);
  }

  /** The last word on a trial. */
  last(trial: string): Entry | undefined {
    let found: Entry | undefined;
    for (let rung = 0; ; rung++) {
      const entry = this.#entries.get(`${trial} ${rung}`);
      if (!entry) return found;
      found = entry;
    }
  }

  async close(): Promise<void> {
    await this.#appending;
    await unlock(this.folder);
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new LstmkitError(
      "FILE_UNWRITABLE",
      `the folder ${folder} cannot be made (${(cause as NodeJS.ErrnoException).code}); wanted one that this user may write to.`,
      { cause },
    );
  }
}

const other = (folder: string, difference: string) =>
  new LstmkitError(
    "BAD_PLAN",
    `${folder} is the folder of another sweep: ${difference}. Give --out another folder, or remove this one to begin anew.`,
  );

function differenceOf(found: SweepIdentity, wanted: SweepIdentity): string | undefined {
  if (found.build !== wanted.build)
    return `it was begun with lstmkit ${found.build}, and this is ${wanted.build}`;
  const data = (files: readonly DataFile[]) => files.map(({ sha256 }) => sha256).join();
  if (data(found.data) !== data(wanted.data)) return "its data were others";
  const [there, here] = [Object(found.what), Object(wanted.what)] as Record<string, unknown>[];
  for (const key of new Set([...Object.keys(there!), ...Object.keys(here!)])) {
    const [a, b] = [JSON.stringify(there![key]), JSON.stringify(here![key])];
    if (a !== b) return `${key} was ${clip(a)} there and is ${clip(b)} here`;
  }
  return undefined;
}

const clip = (text: string | undefined) =>
  text === undefined ? "not given" : text.length > 80 ? `${text.slice(0, 79)}…` : text;

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The last line of one that was killed while it wrote is cut, and counts for nothing. */
async function readLog(path: string): Promise<Entry[]> {
  const bytes = await readBytes(path).catch((error: unknown) => {
    if (error instanceof LstmkitError && error.code === "FILE_NOT_FOUND") return new Uint8Array(0);
    throw error;
  });
  const text = new TextDecoder().decode(bytes);
  const lines = text.split("\n");
  const cut = lines.pop()!;
  if (cut !== "") await append(path, "\n");
  return lines
    .map((line) => readJson(line) as Entry | undefined)
    .filter((entry): entry is Entry => typeof entry?.trial === "string" && Number.isInteger(entry.rung))
    .filter(({ result, failure }) => result !== undefined || (failure !== undefined && isFinal(failure)));
}

async function append(path: string, line: string): Promise<void> {
  try {
    const file = await open(path, "a");
    try {
      await file.appendFile(line);
      await file.datasync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new LstmkitError(
      "FILE_UNWRITABLE",
      `${path} cannot be written (${(cause as NodeJS.ErrnoException).code}); make room, and call the sweep again: it goes on.`,
      { cause },
    );
  }
}

const lockOf = (folder: string) => join(folder, "running");

/** One sweep at a time in a folder. @throws BUSY */
async function lock(folder: string): Promise<void> {
  const path = lockOf(folder);
  for (let tries = 0; tries < 3; tries++) {
    try {
      const file = await open(path, "wx");
      await file.writeFile(JSON.stringify(thisWriter()));
      await file.close();
      return;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "EEXIST") {
        throw new LstmkitError(
          "FILE_UNWRITABLE",
          `${show(path)} cannot be written (${(cause as NodeJS.ErrnoException).code}); wanted a folder that this user may write to.`,
          { cause },
        );
      }
      const writer = readJson(await readFile(path, "utf8").catch(() => "")) as Writer | undefined;
      const idle = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? 0);
      const isFree = writer?.pid === undefined ? idle > 5000 : isGone(writer, thisWriter(), idle);
      if (!isFree) {
        throw new LstmkitError(
          "BUSY",
          `another process works in ${folder}${writer?.pid === undefined ? "" : ` (pid ${writer.pid})`}; wait for its end, or give --out another folder. If there is none, remove ${path}.`,
        );
      }
      await rm(path, { force: true });
    }
  }
}

const unlock = (folder: string) => rm(lockOf(folder), { force: true });
