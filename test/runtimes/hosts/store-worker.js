/** Reads and writes checkpoints that the page, which holds their lock, has as well. */
import { browserCheckpoints } from "./node_modules/lstmkit/dist/index.js";

const store = browserCheckpoints("both");
const locked = await store.lock().then(
  () => "free",
  (error) => error.code,
);
const found = (await store.read()).map((bytes) => [...bytes]);
for (const byte of [2, 3, 4]) await store.write(Uint8Array.of(byte));
postMessage({ locked, found });
