/**
 * What our declarations name of a host: its own types where the program that uses them has those (of "DOM",
 * @types/node or the like), else what we use of them. So they compile with neither.
 */

/** The instances of a global class. */
type Instance<Name extends string, Otherwise> = typeof globalThis extends {
  readonly [N in Name]: { readonly prototype: infer T };
}
  ? T
  : Otherwise;

export type HostEvent = Instance<"Event", { readonly type: string }>;

/** AbortSignal. */
export type HostSignal = Instance<
  "AbortSignal",
  {
    readonly aborted: boolean;
    readonly reason?: unknown;
    addEventListener(type: "abort", listener: () => void, options?: { readonly once?: boolean }): void;
    removeEventListener(type: "abort", listener: () => void): void;
  }
>;

/** URL. */
export type HostUrl = Instance<"URL", { readonly href: string }>;

/** Response. */
export type HostResponse = Instance<
  "Response",
  { readonly ok: boolean; readonly status: number; arrayBuffer(): Promise<ArrayBuffer> }
>;

/** Worker: a page's; those of node:worker_threads are none. */
export type HostWorker = Instance<
  "Worker",
  {
    postMessage(message: unknown): void;
    addEventListener(type: string, listener: (event: HostEvent) => void): void;
    removeEventListener(type: string, listener: (event: HostEvent) => void): void;
    terminate(): void;
  }
>;

type Wasm<Name extends string, Otherwise> = typeof globalThis extends {
  readonly WebAssembly: { readonly [N in Name]: { readonly prototype: infer T } };
}
  ? T
  : Otherwise;

/** WebAssembly.Module, of which nothing is known but that it is an object. */
export type WasmModule = Wasm<"Module", object>;

/** WebAssembly.Memory. */
export type WasmMemory = Wasm<"Memory", { readonly buffer: ArrayBufferLike; grow(delta: number): number }>;
