/** A folder, served on the loopback address. */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";

/** What makes a page cross-origin isolated, so that it has shared memory. */
export const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

const TYPES: Record<string, string> = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** Served with every file. */
export type Headers = Readonly<Record<string, string>>;

export interface SiteOptions {
  folder: string;
  headers?: Headers;
  /** Where the folder is on the site; at its root by default. It begins and ends with a slash. */
  at?: string;
  /** Whether files are sent as gzip, which every browser takes. */
  compressed?: boolean;
  /** Answers requests for a path that is no file. */
  routes?: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => Promise<void>>>;
}

/** A file that was sent. */
export interface Sent {
  readonly path: string;
  /** Of the body, as it was sent. */
  readonly bytes: number;
}

export class Site {
  /** In the order of the requests. */
  readonly sent: Sent[] = [];
  readonly #options: SiteOptions;
  readonly #server;
  #origin = "";

  constructor(options: SiteOptions) {
    this.#options = options;
    this.#server = createServer(async (request, response) => {
      const { pathname } = new URL(request.url!, "http://localhost");
      const route = options.routes?.[pathname];
      if (route) await route(request, response);
      else await this.#serve(pathname, response);
    });
  }

  /** @returns its address, with the folder that the files are at */
  async open(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.#origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this.#origin + (this.#options.at ?? "");
  }

  get origin(): string {
    return this.#origin;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(pathname: string, response: ServerResponse): Promise<void> {
    const { folder, headers, at = "/", compressed } = this.#options;
    const path = pathname.startsWith(at) ? pathname.slice(at.length) || "index.html" : null;
    const file = path === null ? null : await readFile(join(folder, path)).catch(() => null);
    if (!file) {
      response.writeHead(404).end();
      return;
    }
    const body = compressed ? gzipSync(file) : file;
    this.sent.push({ path: path!, bytes: body.length });
    response
      .writeHead(200, {
        ...headers,
        ...(compressed && { "Content-Encoding": "gzip" }),
        "Content-Type": TYPES[extname(path!)] ?? "application/octet-stream",
      })
      .end(body);
  }
}
