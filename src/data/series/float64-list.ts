/** A column that grows, in a typed array. */
export class Float64List {
  length = 0;
  #values = new Float64Array(1024);

  push(value: number): void {
    if (this.length === this.#values.length) {
      const wider = new Float64Array(this.#values.length * 2);
      wider.set(this.#values);
      this.#values = wider;
    }
    this.#values[this.length++] = value;
  }

  /** What was pushed; a view that holds until the next push. */
  get values(): Float64Array {
    return this.#values.subarray(0, this.length);
  }
}
