import { KERAS_DATASETS } from "lstmkit/data";
import { describe, expect, test } from "vitest";
import { train } from "./actions.ts";
import { BROWSERS, visitsIn } from "./visit.ts";

/** That nothing of this happens is what every other test shows: each fails if it does. */
describe.each(BROWSERS)("%s", (name) => {
  const visit = visitsIn(name);

  test("what the policy forbids, errors, and requests to elsewhere are heard of", async () => {
    const { page, faults } = await visit();
    await page.evaluate(() => {
      document.body.setAttribute("style", "color: red");
      new Image().src = "http://127.0.0.2/image.png";
      setTimeout(() => {
        throw new Error("thrown on purpose");
      });
      console.error("written on purpose");
    });
    for (const heard of [
      "policy: style-src-attr forbids inline",
      "policy: img-src forbids http://127.0.0.2/image.png",
      "thrown on purpose",
      "written on purpose",
    ]) {
      await expect.poll(() => faults).toContainEqual(expect.stringContaining(heard));
    }
    // Firefox says some of it again, in words of its own, and later.
    for (let heard = 0; heard < faults.length; ) {
      heard = faults.length;
      await page.waitForTimeout(1000);
    }
    faults.length = 0;
  });

  test("the one address that the policy allows besides is asked when a button is pressed, and that is heard of", async () => {
    const { page, context, faults } = await visit();
    const routed: string[] = [];
    await context.route(`${KERAS_DATASETS}**`, (route) => {
      routed.push(route.request().url());
      return route.abort();
    });
    await page.getByRole("radio", { name: "IMDB" }).check();
    await page.getByRole("button", { name: /^Fetch from storage\.googleapis\.com/ }).click();
    await page.getByRole("alert").filter({ hasText: "The download failed." }).waitFor();
    await page.getByRole("link", { name: "imdb.npz" }).waitFor();
    expect(routed).toEqual([`${KERAS_DATASETS}imdb.npz`]);
    expect(faults).toContain(`request: ${KERAS_DATASETS}imdb.npz`);
    faults.length = 0;
  });

  test("the requests of workers are heard of, too", async () => {
    const { page, context, site } = await visit();
    const paths: string[] = [];
    context.on("request", (request) => paths.push(new URL(request.url()).pathname));
    await train(page);
    const fetched = new Set(
      site.sent.map(({ path }) => `/${path}`).filter((path) => /\.(bin|wasm)$/.test(path)),
    );
    // Data, and kernels; in more threads than one there are those that share memory as well, beside the shipped model's.
    expect([...fetched].filter((path) => path.endsWith(".bin"))).toHaveLength(1);
    expect([...fetched].filter((path) => path.endsWith(".wasm")).length).toBeGreaterThan(0);
    expect(paths).toEqual(expect.arrayContaining([...fetched]));
  });
});
