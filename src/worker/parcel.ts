/** What goes into a message to the worker, with as few copies as there can be. */
import { transfer as send } from "comlink";
import { LstmkitError } from "../errors.ts";
import { show } from "../options.ts";
import type { Tensor } from "../tensor.ts";

const givenAway = new WeakSet<object>();

/**
 * Mark an array for the next call of a model in a worker that takes it: instead of being copied it moves,
 * and is empty on this side afterwards. For data too large to hold twice. A view of part of a buffer is
 * copied all the same; a runtime in this thread copies nothing and leaves the array alone.
 *
 * @throws BAD_ARGUMENT for what is neither
 */
export function transfer<A extends Tensor | ArrayBufferView>(array: A): A {
  if (!ArrayBuffer.isView(array) && !ArrayBuffer.isView(Object(array).data)) {
    throw new LstmkitError(
      "BAD_ARGUMENT",
      `transfer() was given ${show(array)}; wanted a typed array, or a tensor whose data is one.`,
    );
  }
  givenAway.add(array);
  return array;
}

/** One message's worth of arrays. */
export class Parcel {
  readonly #moved = new Set<ArrayBuffer>();
  readonly #cuts = new Map<ArrayBufferView, ArrayBufferView>();

  /** The same, ready to be sent: tensors without what else the object has, views without what else lies in their buffer. */
  pack<V>(value: V): V {
    if (ArrayBuffer.isView(value)) return this.#packView(value, givenAway.has(value)) as V & ArrayBufferView;
    if (typeof value !== "object" || value === null || !("data" in value && "shape" in value)) return value;
    const { data, shape } = value;
    const moves = givenAway.has(value);
    return {
      data: ArrayBuffer.isView(data) ? this.#packView(data, moves || givenAway.has(data)) : data,
      shape,
    } as unknown as V;
  }

  /** Mark the call's last argument with all that moves; Comlink looks at whole arguments only. */
  seal<V extends object>(argument: V): V {
    return this.#moved.size > 0 ? send(argument, [...this.#moved]) : argument;
  }

  #packView(view: ArrayBufferView, moves: boolean): ArrayBufferView {
    const { buffer } = view;
    if (buffer.byteLength === 0) return blankOf(view); // and it may have moved before: such a message never arrives
    if (!(buffer instanceof ArrayBuffer)) return copyOf(view); // what others may write to is read at the call
    if (view.byteLength === buffer.byteLength) {
      if (moves) this.#moved.add(buffer);
      return view;
    }
    // A clone of the view would be a clone of the whole buffer.
    let cut = this.#cuts.get(view);
    if (!cut) {
      cut = copyOf(view);
      this.#cuts.set(view, cut);
      this.#moved.add(cut.buffer as ArrayBuffer);
    }
    return cut;
  }
}

type Kind = new (buffer: ArrayBufferLike) => ArrayBufferView;

/** An array of its own kind that holds nothing; Node's Buffer becomes bytes. */
const blankOf = (view: ArrayBufferView) =>
  view instanceof Uint8Array ? new Uint8Array(0) : new (view.constructor as Kind)(new ArrayBuffer(0));

/** Of its own kind, in a buffer of its own. Node's Buffer, whose slice() copies nothing, becomes bytes. */
function copyOf(view: ArrayBufferView): ArrayBufferView {
  const { buffer } = new Uint8Array(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  if (view instanceof Uint8Array) return new Uint8Array(buffer);
  return new (view.constructor as Kind)(buffer);
}

/** A result whose arrays move to the host. */
export function sendResult<R extends object>(result: R): R {
  return send(result, [...new Set(buffersOf(result))]);
}

function buffersOf(value: unknown): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) return value.buffer instanceof ArrayBuffer ? [value.buffer] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(buffersOf) : [];
}
