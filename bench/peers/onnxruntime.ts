/** ONNX Runtime, `onnxruntime.ts <web|node> <threads>`: inference alone. */
import { readFile } from "node:fs/promises";
import { onnxModel } from "../onnx-model.ts";
import { type CaseData, serve, type Work } from "../protocol.ts";

/** What is used of the two packages; they are installed in bench/ alone, where there are no types of them. */
interface OnnxRuntime {
  readonly env: { readonly wasm: { numThreads?: number } };
  readonly Tensor: new (type: "int32", data: Int32Array, shape: readonly number[]) => object;
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<Session>;
  };
}

interface Session {
  run(feeds: Record<string, object>): Promise<Record<string, { readonly data: Float32Array }>>;
  release(): Promise<void>;
}

const [flavour, threads] = [process.argv[2] as "web" | "node", Number(process.argv[3])];
const packageName = `onnxruntime-${flavour}`;
const imported: OnnxRuntime & { default?: OnnxRuntime } = await import(packageName);
const ort = imported.default ?? imported;
if (flavour === "web") ort.env.wasm.numThreads = threads;

async function prepare({ setup, ids, weights }: CaseData): Promise<Work> {
  const { B, T } = setup;
  const session = await ort.InferenceSession.create(onnxModel(setup, weights), {
    executionProviders: [flavour === "web" ? "wasm" : "cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
  });
  return {
    async predict(i) {
      const { probabilities } = await session.run({ ids: new ort.Tensor("int32", ids(i), [B, T]) });
      return probabilities!.data;
    },
    dispose: () => session.release(),
  };
}

const manifest = new URL(`../node_modules/${packageName}/package.json`, import.meta.url);
const { version } = JSON.parse(await readFile(manifest, "utf8")) as { version: string };
await serve({ name: `${packageName} ${version}` }, prepare);
