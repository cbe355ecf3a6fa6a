/** The element types a tensor may have at the public edge. */
export type TensorData = Float32Array | Int32Array | Uint16Array | Uint8Array;

/** A dense array, row-major: `data[i * shape[1] + j]` is element (i, j). */
export interface Tensor<D extends TensorData = TensorData> {
  readonly data: D;
  readonly shape: readonly number[];
}

/** A weight with its Keras path, such as `lstm/lstm_cell/kernel`. */
export interface NamedTensor extends Tensor<Float32Array> {
  readonly name: string;
}
