/** A line of a chart that grows for as long as a run goes on, and stays small. */

/** More than a chart has pixels for. */
const MOST_POINTS = 600;

export interface CurveState {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly stride: number;
  readonly pending: { readonly count: number; readonly y: number };
}

/** Points (x, y), x ascending; once there are too many, two and two become their mean. */
export class Curve {
  #x: number[] = [];
  #y: number[] = [];
  /** Given points in each kept one. */
  #stride = 1;
  #pending: { count: number; y: number } = { count: 0, y: 0 };

  get x(): readonly number[] {
    return this.#x;
  }
  get y(): readonly number[] {
    return this.#y;
  }
  get last(): number | undefined {
    return this.#y.at(-1);
  }

  /** As plain data. */
  get state(): CurveState {
    return { x: this.#x, y: this.#y, stride: this.#stride, pending: this.#pending };
  }
  /** Go on from there. */
  set state({ x, y, stride, pending }: CurveState) {
    [this.#x, this.#y, this.#stride, this.#pending] = [[...x], [...y], stride, { ...pending }];
  }

  add(x: number, y: number): void {
    const pending = this.#pending;
    pending.y += y;
    pending.count++;
    if (pending.count < this.#stride) return;
    this.#x.push(x);
    this.#y.push(pending.y / pending.count);
    this.#pending = { count: 0, y: 0 };
    if (this.#x.length === MOST_POINTS) this.#halve();
  }

  #halve(): void {
    this.#stride *= 2;
    const pairs = Math.floor(this.#x.length / 2);
    this.#y = Array.from({ length: pairs }, (_, i) => (this.#y[2 * i]! + this.#y[2 * i + 1]!) / 2);
    this.#x = Array.from({ length: pairs }, (_, i) => this.#x[2 * i + 1]!);
  }
}
