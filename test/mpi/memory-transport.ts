/** Ranks in one process, which reach each other in memory: what a rank sends is copied at once. */
import type { Transport } from "../../src/mpi/group-of.ts";

/** Bytes that each call has sent, of a rank. */
export interface Sent {
  gather: number;
  broadcast: number;
  send: number;
}

/** @param sent is added to, a place for each rank */
export function memoryTransports(size: number, sent?: Sent[]): Transport[] {
  const boxes = new Map<string, { messages: Uint8Array[]; waiting: (() => void)[] }>();
  const box = (from: number, to: number) => {
    const key = `${from}→${to}`;
    if (!boxes.has(key)) boxes.set(key, { messages: [], waiting: [] });
    return boxes.get(key)!;
  };
  const put = (from: number, to: number, bytes: Uint8Array) => {
    const { messages, waiting } = box(from, to);
    messages.push(bytes.slice());
    waiting.shift()?.();
  };
  const take = async (from: number, to: number): Promise<Uint8Array> => {
    const { messages, waiting } = box(from, to);
    while (messages.length === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    return messages.shift()!;
  };
  /** Into memory as it is when the message has come. */
  const into = (bytes: Uint8Array, message: Uint8Array) => {
    if (bytes.length !== message.length) {
      throw new Error(`${message.length} bytes came where ${bytes.length} were waited for`);
    }
    bytes.set(message);
  };
  const others = (rank: number) => Array.from({ length: size }, (_, r) => r).filter((r) => r !== rank);
  return Array.from({ length: size }, (_, rank): Transport => {
    const note = (what: keyof Sent, bytes: number) => {
      if (sent) sent[rank]![what] += bytes;
    };
    return {
      rank,
      size,
      async gather(bytes, at) {
        const own = bytes().subarray(at[rank], at[rank + 1]);
        note("gather", own.length);
        for (const r of others(rank)) put(rank, r, own);
        for (const r of others(rank)) {
          const message = await take(r, rank);
          into(bytes().subarray(at[r], at[r + 1]), message);
        }
      },
      async broadcast(bytes, from) {
        if (rank === from) {
          note("broadcast", bytes().length);
          for (const r of others(rank)) put(rank, r, bytes());
        } else {
          const message = await take(from, rank);
          into(bytes(), message);
        }
      },
      send(bytes, to) {
        note("send", bytes().length);
        put(rank, to, bytes());
      },
      async receive(bytes, from) {
        const message = await take(from, rank);
        into(bytes(), message);
      },
    };
  });
}
