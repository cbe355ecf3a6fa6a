import type { LinearMemory } from "../wasm/memory.ts";

/** The different tokens of some rows, in the order in which they first come. */
export class TokenList {
  /** Ids are below it. */
  readonly inputDim: number;
  /** By id: the place in the list, or -1. */
  readonly #places: Int32Array;
  readonly #ids: number[] = [];

  constructor(inputDim: number) {
    this.inputDim = inputDim;
    this.#places = new Int32Array(inputDim).fill(-1);
  }

  get ids(): readonly number[] {
    return this.#ids;
  }

  has(id: number): boolean {
    return this.#places[id]! >= 0;
  }

  /** @returns the place of a token in the list, which it joins where it is new */
  add(id: number): number {
    const place = this.#places[id]!;
    if (place >= 0) return place;
    this.#places[id] = this.#ids.length;
    return this.#ids.push(id) - 1;
  }

  /** Write the ids to memory, those from a place on. @param list address of the first. @returns how many they are */
  writeTo(memory: LinearMemory, list: number, from: number): number {
    const count = this.#ids.length - from;
    if (count === 0) return 0;
    const to = memory.i32(list + from * 4, count);
    for (let i = 0; i < count; i++) to[i] = this.#ids[from + i]!;
    return count;
  }

  clear(): void {
    for (const id of this.#ids) this.#places[id] = -1;
    this.#ids.length = 0;
  }
}
