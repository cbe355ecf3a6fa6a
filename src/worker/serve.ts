/** What the worker's script does: wait for a role, then serve a session or a team. */
import { expose, wrap } from "comlink";
import { serveTeam } from "../model/team.ts";
import { instantiateKernels } from "../wasm/kernels.ts";
import type { Endpoint } from "./link.ts";
import { makeSession, type WorkerPlatform } from "./session.ts";
import { installThrowHandler } from "./thrown.ts";
import { type HostCalls, type Role, readRole, type Sign } from "./wire.ts";

/** What the script knows of the worker it is in. */
export interface WorkerScope {
  readonly endpoint: Endpoint;
  readonly platform: WorkerPlatform;
  /** End this worker, from within. */
  end(): void;
}

/** Take the first role that is given. */
export function serveWorker(scope: WorkerScope): void {
  const say = (sign: Sign) => scope.endpoint.postMessage(sign);
  const listen = (event: Event) => {
    const role = readRole(event);
    if (!role) return;
    scope.endpoint.removeEventListener("message", listen);
    takeRole(role, scope, say).catch((error: unknown) => say({ lstmkit: "failed", reason: String(error) }));
  };
  scope.endpoint.addEventListener("message", listen);
  say({ lstmkit: "awake" });
}

async function takeRole(role: Role, { endpoint, platform, end }: WorkerScope, say: (sign: Sign) => void) {
  const holdsLock = role.lock !== undefined && (await holdLock(role.lock));
  if (role.lstmkit === "session") {
    installThrowHandler();
    expose(makeSession(platform, wrap(endpoint) as unknown as HostCalls), endpoint);
    say({ lstmkit: "ready", holdsLock });
    return;
  }
  const { module, memory, index, size, vectors } = role;
  const kernels = await instantiateKernels(module, memory, vectors);
  say({ lstmkit: "ready", holdsLock });
  try {
    serveTeam(kernels, memory, index, size);
    say({ lstmkit: "ended" });
  } catch (error) {
    say({ lstmkit: "failed", reason: String(error) });
  }
  end();
}

/** Hold a Web Lock until this worker is gone; false where it is not to be had, as in a data: URL's worker. */
function holdLock(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const forever = new Promise<never>(() => {});
    navigator.locks
      .request(name, () => {
        resolve(true);
        return forever;
      })
      .catch(() => resolve(false));
  });
}
