import { LstmkitError } from "lstmkit";

/** A file of this site. @throws OFFLINE */
export async function fetchOwn(address: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LstmkitError("OFFLINE", `${address} could not be fetched: ${reason}. Try again.`, { cause });
  }
}
