#!/usr/bin/env node
/**
 * Firefox ESR, as Playwright starts it: with a WebSocket between the two that answers the one command of
 * WebDriver BiDi which Playwright sends for every context and this Firefox does not know. The tests ask for no
 * emulation, so that there is nothing it would have to do.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { ws as WebSocket, wsServer as WebSocketServer } from "playwright-core/lib/utilsBundle";

const UNKNOWN = "emulation.setMediaFeaturesOverride";

const firefox = spawn("/usr/bin/firefox-esr", process.argv.slice(2), { stdio: ["ignore", "ignore", "pipe"] });
firefox.on("exit", (code) => process.exit(code ?? 1));
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => firefox.kill(signal));

createInterface(firefox.stderr).on("line", (line) => {
  const [, address] = /WebDriver BiDi listening on (ws:\/\/.*)$/.exec(line) ?? [];
  if (!address) return console.error(line);
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("listening", () => {
    console.error(`WebDriver BiDi listening on ws://127.0.0.1:${server.address().port}`);
  });
  server.on("connection", (playwright) => relay(playwright, `${address}/session`));
});

function relay(playwright, address) {
  const browser = new WebSocket(address, { perMessageDeflate: false, maxPayload: 2 ** 28 });
  const opened = new Promise((resolve) => browser.on("open", resolve));
  playwright.on("message", async (data) => {
    const { id, method, params } = JSON.parse(data.toString());
    if (method === UNKNOWN && Object.values(params.features).every((feature) => feature === null)) {
      playwright.send(JSON.stringify({ type: "success", id, result: {} }));
      return;
    }
    await opened;
    browser.send(data.toString());
  });
  browser.on("message", (data) => playwright.send(data.toString()));
  playwright.on("close", () => browser.close());
  browser.on("close", () => playwright.close());
  browser.on("error", () => playwright.close());
}
