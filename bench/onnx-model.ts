/**
 * The network as an ONNX model, written by hand: the few messages of onnx.proto3 that it takes.
 * ONNX has kernels (4H, in) with gates i | o | f | g, two biases, and time first.
 */
import { type Setup, weightShapes } from "./protocol.ts";

const FLOAT = 1;
const INT32 = 6;
const INT64 = 7;

type Bytes = Uint8Array<ArrayBuffer>;

/** ids (B, T) i32 → probabilities (B, 1). */
export function onnxModel(setup: Setup, weights: readonly Float32Array[]): Bytes {
  const { H, E, B, T } = setup;
  const [embeddings, w0, u0, b0, w1, u1, b1, kernel, bias] = weights as Float32Array[];
  const shapes = weightShapes(setup);
  const initializers = [
    floats("embeddings", shapes[0]!, embeddings!),
    ...lstmTensors("0", E, H, w0!, u0!, b0!),
    ...lstmTensors("1", H, H, w1!, u1!, b1!),
    floats("kernel", [H, 1], kernel!),
    floats("bias", [1], bias!),
    message(
      [tensorField.name, text("first")],
      [tensorField.dims, 1],
      [tensorField.type, INT64],
      [tensorField.raw, new Uint8Array(new BigInt64Array([0n]).buffer)],
    ),
    message(
      [tensorField.name, text("second")],
      [tensorField.dims, 1],
      [tensorField.type, INT64],
      [tensorField.raw, new Uint8Array(new BigInt64Array([1n]).buffer)],
    ),
  ];
  const lstm = (n: number, x: string, outputs: string[]) =>
    node("LSTM", [x, `W${n}`, `R${n}`, `B${n}`], outputs, [intAttribute("hidden_size", H)]);
  const nodes = [
    node("Transpose", ["ids"], ["steps"], [intsAttribute("perm", [1, 0])]),
    node("Gather", ["embeddings", "steps"], ["x"]),
    lstm(0, "x", ["sequence"]), // (T, 1, B, H)
    node("Squeeze", ["sequence", "second"], ["h0"]),
    lstm(1, "h0", ["", "last"]), // (1, B, H)
    node("Squeeze", ["last", "first"], ["h1"]),
    node("Gemm", ["h1", "kernel", "bias"], ["logits"]),
    node("Sigmoid", ["logits"], ["probabilities"]),
  ];
  const graph = message(
    ...nodes.map((bytes): Field => [1, bytes]),
    [2, text("network")],
    ...initializers.map((bytes): Field => [5, bytes]),
    [11, valueInfo("ids", INT32, [B, T])],
    [12, valueInfo("probabilities", FLOAT, [B, 1])],
  );
  const opset = message([1, text("")], [2, 17]);
  return message([1, 8], [7, graph], [8, opset]); // IR version 8
}

/** W (1, 4H, I), R (1, 4H, H) and B (1, 8H) of one layer. */
function lstmTensors(
  suffix: string,
  I: number,
  H: number,
  kernel: Float32Array,
  recurrent: Float32Array,
  bias: Float32Array,
): Bytes[] {
  const B = new Float32Array(8 * H);
  ONNX_GATES.forEach((gate, g) => {
    B.set(bias.subarray(gate * H, (gate + 1) * H), g * H);
  });
  return [
    floats(`W${suffix}`, [1, 4 * H, I], transposed(kernel, I, H)),
    floats(`R${suffix}`, [1, 4 * H, H], transposed(recurrent, H, H)),
    floats(`B${suffix}`, [1, 8 * H], B),
  ];
}

/** Places of the gates i, o, f, g in i | f | g | o. */
const ONNX_GATES = [0, 3, 1, 2];

/** (in, 4H) with gates i | f | g | o → (4H, in) with i | o | f | g. */
function transposed(kernel: Float32Array, rows: number, H: number): Float32Array {
  const result = new Float32Array(kernel.length);
  ONNX_GATES.forEach((gate, g) => {
    for (let h = 0; h < H; h++) {
      for (let r = 0; r < rows; r++) {
        result[(g * H + h) * rows + r] = kernel[r * 4 * H + gate * H + h]!;
      }
    }
  });
  return result;
}

/** A field of a protobuf message: its number, and a varint or bytes. */
type Field = readonly [number: number, value: number | Bytes];

const tensorField = { dims: 1, type: 2, name: 8, raw: 9 } as const;

function floats(name: string, dims: readonly number[], data: Float32Array): Bytes {
  const raw = new Uint8Array(data.slice().buffer);
  return message(
    ...dims.map((n): Field => [tensorField.dims, n]),
    [tensorField.type, FLOAT],
    [tensorField.name, text(name)],
    [tensorField.raw, raw],
  );
}

function node(type: string, inputs: string[], outputs: string[], attributes: Bytes[] = []): Bytes {
  return message(
    ...inputs.map((name): Field => [1, text(name)]),
    ...outputs.map((name): Field => [2, text(name)]),
    [4, text(type)],
    ...attributes.map((bytes): Field => [5, bytes]),
  );
}

const intAttribute = (name: string, value: number) => message([1, text(name)], [3, value], [20, 2]);
const intsAttribute = (name: string, values: number[]) =>
  message([1, text(name)], ...values.map((value): Field => [8, value]), [20, 7]);

function valueInfo(name: string, type: number, dims: readonly number[]): Bytes {
  const shape = message(...dims.map((n): Field => [1, message([1, n])]));
  return message([1, text(name)], [2, message([1, message([1, type], [2, shape])])]);
}

function text(value: string): Bytes {
  return new TextEncoder().encode(value) as Bytes;
}

function message(...fields: Field[]): Bytes {
  const parts = fields.flatMap(([number, value]) =>
    typeof value === "number"
      ? [varint(number << 3), varint(value)]
      : [varint((number << 3) | 2), varint(value.length), value],
  );
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

function varint(n: number): Bytes {
  const bytes: number[] = [];
  for (; n >= 128; n = Math.floor(n / 128)) bytes.push((n % 128) | 128);
  return Uint8Array.from([...bytes, n]);
}
