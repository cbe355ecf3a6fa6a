/**
 * The one file that owns linear memory. Blocks are handed out first fit and merged when freed, so
 * that models and workspaces that come and go leave the memory as large as the largest moment.
 */
import { LstmkitError } from "../errors.ts";

const PAGE = 65_536;
const ALIGNMENT = 64; // a cache line
const FIRST = 1024; // below lie the crew's control words and the kernels' constants; 0 means "none"
/**
 * The address space of 32-bit WebAssembly, in bytes, but for its last page: a kernel that goes up to a block's end
 * would find 0 there.
 */
export const MAX_BYTES = 65_535 * PAGE;

interface Block {
  readonly address: number;
  readonly bytes: number;
}

/**
 * One page that may grow to all of the address space; shared for several threads.
 *
 * @throws OUT_OF_MEMORY where the host has no room for another
 */
export function growableMemory({ shared = false } = {}): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: MAX_BYTES / PAGE, shared });
  } catch (cause) {
    throw new LstmkitError(
      "OUT_OF_MEMORY",
      "the host refused the address space of another runtime. Close those that are not needed.",
      { cause },
    );
  }
}

export class LinearMemory {
  readonly #memory: WebAssembly.Memory;
  readonly #used = new Map<number, number>();
  #free: Block[] = []; // ascending, never adjacent
  /** From here on memory is as the host gave it: zero. */
  #fresh = FIRST;

  constructor(memory = growableMemory()) {
    this.#memory = memory;
    this.#free = [{ address: FIRST, bytes: memory.buffer.byteLength - FIRST }];
  }

  /** For instantiating kernels on it. */
  get wasm(): WebAssembly.Memory {
    return this.#memory;
  }

  /** Size of the whole memory now, bytes. */
  get bytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Bytes in blocks that are not freed. */
  get bytesInUse(): number {
    let sum = 0;
    for (const bytes of this.#used.values()) sum += bytes;
    return sum;
  }

  /**
   * A block of zeros.
   *
   * @param bytes size
   * @param purpose for the message, with what to reduce
   * @throws OUT_OF_MEMORY before anything changes, when the block does not fit
   */
  allocate(bytes: number, purpose: string): number {
    const size = Math.ceil(Math.max(bytes, 1) / ALIGNMENT) * ALIGNMENT;
    let block = this.#free.find((candidate) => candidate.bytes >= size);
    if (!block) {
      this.#grow(size, purpose);
      block = this.#free.at(-1)!; // the block that growth made or lengthened
    }
    const { address } = block;
    const rest = { address: address + size, bytes: block.bytes - size };
    this.#free.splice(this.#free.indexOf(block), 1, ...(rest.bytes > 0 ? [rest] : []));
    this.#used.set(address, size);
    if (address < this.#fresh) this.u8(address, Math.min(size, this.#fresh - address)).fill(0);
    this.#fresh = Math.max(this.#fresh, address + size);
    return address;
  }

  /** Give a block back. */
  free(address: number): void {
    const bytes = this.#used.get(address);
    if (bytes === undefined) throw new Error(`no block at ${address}`);
    this.#used.delete(address);
    const blocks = [...this.#free, { address, bytes }].sort((a, b) => a.address - b.address);
    this.#free = [];
    for (const block of blocks) {
      const last = this.#free.at(-1);
      if (last && last.address + last.bytes === block.address) {
        this.#free[this.#free.length - 1] = { address: last.address, bytes: last.bytes + block.bytes };
      } else this.#free.push(block);
    }
  }

  /** A view for use at once: it dies when the memory grows. */
  f32(address: number, length: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#memory.buffer as ArrayBuffer, address, length);
  }

  /** As f32. */
  i32(address: number, length: number): Int32Array<ArrayBuffer> {
    return new Int32Array(this.#memory.buffer as ArrayBuffer, address, length);
  }

  /** As f32. */
  u8(address: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory.buffer as ArrayBuffer, address, length);
  }

  #grow(size: number, purpose: string): void {
    const end = this.#memory.buffer.byteLength;
    const tail = this.#free.at(-1);
    const spare = tail && tail.address + tail.bytes === end ? tail.bytes : 0;
    const pages = Math.ceil((size - spare) / PAGE);
    const mib = (size / 2 ** 20).toFixed(0);
    if (end + pages * PAGE > MAX_BYTES) {
      throw new LstmkitError(
        "OUT_OF_MEMORY",
        `${purpose} needs ${mib} MiB more, and WebAssembly addresses 4096 MiB in all (${(end / 2 ** 20).toFixed(0)} MiB taken). ` +
          "Reduce batchSize, the sequence length, units or inputDim.",
      );
    }
    try {
      this.#memory.grow(pages);
    } catch (cause) {
      throw new LstmkitError(
        "OUT_OF_MEMORY",
        `${purpose} needs ${mib} MiB more, and the host refused them. Reduce batchSize, the sequence length, units or inputDim.`,
        { cause },
      );
    }
    const grown = this.#memory.buffer.byteLength - end;
    if (spare) this.#free[this.#free.length - 1] = { address: end - spare, bytes: spare + grown };
    else this.#free.push({ address: end, bytes: grown });
  }
}
