/** A training that ended with its page: by a reload, a closed tab, a browser that was killed. It is kept, to go on with. */
import { browserCheckpoints, type CheckpointStore } from "lstmkit";
import type { Cell } from "./page.ts";

const KEY = "lstmkit.cut-off";
const CELLS: readonly Cell[] = ["lstm", "rnn"];

/** Settings of the training that goes on, or was cut off, as a link has them; null where there is none. */
export function noted(): URLSearchParams | null {
  try {
    const text = localStorage.getItem(KEY);
    return text === null ? null : new URLSearchParams(text);
  } catch {
    return null; // storage is blocked
  }
}

/** Note what is trained from now on; null for nothing. */
export function note(settings: URLSearchParams | null): void {
  try {
    if (settings) localStorage.setItem(KEY, settings.toString());
    else localStorage.removeItem(KEY);
  } catch {
    // Then nothing is offered after a reload.
  }
}

/** Stores of checkpoints that this tab has alone. */
export interface OwnStores {
  of(cell: Cell): CheckpointStore;
  clear(): Promise<void>;
  /** Leave them to other tabs. */
  release(): Promise<void>;
}

/** Null where another tab trains, or the browser keeps nothing for the page. */
export async function ownStores(): Promise<OwnStores | null> {
  const releases: (() => Promise<void>)[] = [];
  const release = async () => {
    for (const one of releases.splice(0)) await one();
  };
  try {
    const stores = new Map(CELLS.map((cell) => [cell, browserCheckpoints(`words ${cell}`)]));
    for (const store of stores.values()) releases.push(await store.lock!());
    return {
      // Without the lock, which this tab has already.
      of: (cell) => {
        const { read, write, clear } = stores.get(cell)!;
        return { read, write, clear };
      },
      clear: async () => {
        for (const store of stores.values()) await store.clear();
      },
      release,
    };
  } catch {
    await release();
    return null;
  }
}

/** Whether a training was cut off, and no other tab goes on with it. */
export async function isThere(): Promise<boolean> {
  if (!noted()) return false;
  const own = await ownStores();
  await own?.release();
  return own !== null;
}
