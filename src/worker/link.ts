import type { HostEvent } from "../host-types.ts";

type Listener = ((event: HostEvent) => void) | { handleEvent(event: HostEvent): void };

/** What messages go through; Comlink's, so that the package's types do without Comlink's. */
export interface Endpoint {
  postMessage(message: unknown, transfer?: object[]): void;
  addEventListener(type: string, listener: Listener): void;
  removeEventListener(type: string, listener: Listener): void;
}

/** The host's hold on a worker, whatever the host calls it. */
export interface WorkerLink {
  readonly endpoint: Endpoint;
  /** A Web Lock for the worker to hold, where there are such; see watch(). */
  readonly lock?: string;
  /** Call once the worker holds its lock. */
  watch?(): void;
  /** Let it keep the process alive or not. */
  hold(alive: boolean): void;
  /** End it, at once; resolves when it has ended. */
  terminate(): Promise<void>;
}

/** Milliseconds that a worker is given to end by itself before it is terminated. */
export const GRACE = 500;

/**
 * Start a worker, or take one over.
 *
 * @param onEnd called with the reason when it fails or ends, whoever ended it; more than once, perhaps
 */
export type StartWorker = (onEnd: (reason: unknown) => void) => WorkerLink;
