/**
 * Checkpoints in a browser, by IndexedDB: a page and its workers have it alike, a transaction is there wholly or not at all,
 * and a reload leaves it. The origin private file system would be as good in a worker, but a page can write files there whole
 * and in one step in few browsers.
 */
import { LstmkitError } from "./errors.ts";
import { show } from "./options.ts";
import type { CheckpointStore } from "./train/checkpoint.ts";

const DATABASE = "lstmkit";
const TABLE = "checkpoints";
const KEPT = 2;

/**
 * Checkpoints for {@link FitOptions.checkpoint} in a browser's IndexedDB: the last two, under a name of the run. While a fit
 * runs, a Web Lock keeps other tabs out, where the page is served so that there are locks (a secure context).
 *
 * @param name of the run, within the page's origin
 * @throws BAD_ARGUMENT; UNSUPPORTED_ENGINE where there is no IndexedDB, as in Node; its calls FILE_UNREADABLE, FILE_UNWRITABLE
 *   where the browser gives no room, and BUSY where another tab has the run
 */
export function browserCheckpoints(name: string): CheckpointStore {
  if (typeof name !== "string" || name === "") {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `browserCheckpoints() was given ${show(name)}; wanted a name for the run, such as "run-7".`,
    );
  }
  if (typeof indexedDB === "undefined") {
    throw new LstmkitError(
      "UNSUPPORTED_ENGINE",
      "there is no IndexedDB here; use folderCheckpoints() in Node, Deno and Bun, or a CheckpointStore of your own.",
    );
  }
  // Keys are [name, number]; an array is behind all numbers.
  const own = () => IDBKeyRange.bound([name], [name, []]);
  const numbers = async (table: IDBObjectStore) =>
    (await done(table.getAllKeys(own()))).map((key) => (key as [string, number])[1]);
  return {
    read: () =>
      transact("readonly", name, async (table) => {
        const found: unknown[] = await done(table.getAll(own()));
        return found.reverse().map((bytes) => (bytes instanceof Uint8Array ? bytes : new Uint8Array(0)));
      }),
    write: (checkpoint) =>
      transact("readwrite", name, async (table) => {
        const before = await numbers(table);
        table.put(checkpoint, [name, (before.at(-1) ?? 0) + 1]);
        for (const number of before.slice(0, Math.max(0, before.length + 1 - KEPT)))
          table.delete([name, number]);
      }),
    clear: () => transact("readwrite", name, async (table) => void table.delete(own())),
    lock: () => lock(name),
  };
}

/** Work within one transaction, which is complete, and on the disk, before it is told. */
async function transact<T>(
  mode: IDBTransactionMode,
  name: string,
  work: (table: IDBObjectStore) => Promise<T>,
): Promise<T> {
  let database: IDBDatabase | undefined;
  try {
    const opening = indexedDB.open(DATABASE);
    opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE);
    database = await done(opening);
    const transaction = database.transaction(TABLE, mode, { durability: "strict" });
    const complete = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    complete.catch(() => {}); // it is awaited below, unless the work fails first
    const result = await work(transaction.objectStore(TABLE));
    await complete;
    return result;
  } catch (cause) {
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new LstmkitError(
      mode === "readonly" ? "FILE_UNREADABLE" : "FILE_UNWRITABLE",
      `the browser's store of checkpoints ${show(name)} cannot be ${mode === "readonly" ? "read" : "written"} (${reason}). Free ` +
        "some room for the site, and leave private browsing.",
      { cause },
    );
  } finally {
    database?.close();
  }
}

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Held until it is given back, or its tab is gone. @throws BUSY */
async function lock(name: string): Promise<() => Promise<void>> {
  const { locks } = globalThis.navigator ?? {};
  if (!locks) return async () => {};
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const held = await new Promise<boolean>((resolve, reject) => {
    locks
      .request(`lstmkit checkpoints ${name}`, { ifAvailable: true }, (given) => {
        resolve(given !== null);
        return given && released;
      })
      .catch(reject);
  });
  if (held) return async () => release();
  throw new LstmkitError(
    "BUSY",
    `another tab or worker keeps its checkpoints under ${show(name)}. Wait for its run or close it, or give another name.`,
  );
}
