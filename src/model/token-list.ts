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

  clear(): void {
    for (const id of this.#ids) this.#places[id] = -1;
    this.#ids.length = 0;
  }
}
