import axe from "axe-core";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { choose, picture, pressStart, SMALL, SPAM, train, trained, write } from "./actions.ts";
import { BROWSERS, visitsIn } from "./visit.ts";

const WIDTHS = [360, 768, 1440];
const THEMES = ["light", "dark"] as const;
const LANGUAGES = ["en", "ko"] as const;

/** What axe finds, each with the first place that has it. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(() => {
    // Firefox 153 crashes where both the page and Playwright's own realm read one of these; axe does without.
    for (const name of Object.getOwnPropertyNames(Element.prototype)) {
      if (/^aria\w+Elements?$/.test(name)) Reflect.deleteProperty(Element.prototype, name);
    }
  });
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.target} ${nodes[0]?.failureSummary}`);
  });
}

/** What makes the page scroll sideways: the innermost elements that reach beyond it. */
function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const reaching = [...document.querySelectorAll("body *")].filter(
      (element) => element.getBoundingClientRect().right > clientWidth,
    );
    return reaching
      .filter((element) => !reaching.some((other) => other !== element && element.contains(other)))
      .map((element) => `${element.closest("[id]")?.id}: ${element.outerHTML.slice(0, 120)}`);
  });
}

/** Everything that can be seen is seen: charts, tables, gates, gradients, and what folds out. */
async function showEverything(page: Page): Promise<void> {
  await train(page, { ...SMALL, cell: "Both" });
  await write(page, SPAM);
  await page.locator("#gates").scrollIntoViewIfNeeded();
  await page.locator("canvas[data-panel=c]").waitFor();
  await page.getByText("The same in a table").click();
  await page.locator("#gradient").scrollIntoViewIfNeeded();
  await page.locator("#gradient figure canvas").first().waitFor();
}

describe.each(BROWSERS)("%s", (name) => {
  const visit = visitsIn(name);

  test("axe finds nothing and nothing is wider than the window, whatever width, theme and language", async () => {
    const { page } = await visit();
    await showEverything(page);
    for (const language of LANGUAGES) {
      await page.locator(`input[name=language][value=${language}]`).check();
      for (const theme of THEMES) {
        await page.locator(`input[name=theme][value=${theme}]`).check();
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 900 });
          await expect.poll(() => tooWide(page), { timeout: 3000 }).toEqual([]);
          expect({ width, theme, language, found: await findings(page) }).toEqual({
            width,
            theme,
            language,
            found: [],
          });
        }
      }
    }
  });

  test.each(["forecast", "classes", "detect", "generate"])(
    "the same in the place %s, with everything that folds out",
    async (place) => {
      const { page, address } = await visit();
      await page.goto(`${address}#/${place}?data=own`);
      await page.locator(`#${place}-digest`).waitFor();
      await page.locator(`#${place} [role=alert]:visible`).waitFor({ state: "detached" });
      for (const summary of await page.locator(`#${place} summary:visible`).all()) await summary.click();
      for (const language of LANGUAGES) {
        await page.locator(`input[name=language][value=${language}]`).check();
        for (const theme of THEMES) {
          await page.locator(`input[name=theme][value=${theme}]`).check();
          for (const width of WIDTHS) {
            await page.setViewportSize({ width, height: 900 });
            await expect.poll(() => tooWide(page), { timeout: 3000 }).toEqual([]);
            const told = { width, theme, language };
            expect({ ...told, found: await findings(page) }).toEqual({ ...told, found: [] });
          }
        }
      }
    },
  );

  test("with the keyboard alone one sets a network and trains it", async () => {
    const { page } = await visit();
    const focused = () => page.evaluate(() => document.activeElement?.id ?? "");
    const tabTo = async (id: string) => {
      for (let presses = 0; presses < 30 && (await focused()) !== id; presses++)
        await page.keyboard.press("Tab");
      expect(await focused()).toBe(id);
    };
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("skip");
    await page.keyboard.press("Enter");
    for (const [id, value] of [
      ["units", "8"],
      ["epochs", "1"],
    ] as const) {
      await tabTo(id);
      await page.keyboard.press("ControlOrMeta+a");
      await page.keyboard.type(value);
    }
    await tabTo("start");
    await page.keyboard.press("Space");
    await page.locator("#start:disabled").waitFor();
    await trained(page);
    expect(await page.locator("#command-lstm").textContent()).toMatch(/--units 8 --epochs 1 /);
    expect(await page.locator("#digest-lstm").textContent()).toMatch(/^[0-9a-f]{64}$/);
  });

  test("language and theme are switched by key, and are there again after a reload", async () => {
    const { page } = await visit();
    const state = () =>
      page.evaluate(() => ({
        lang: document.documentElement.lang,
        heading: document.querySelector("#train h2")?.textContent,
        start: document.querySelector("#start")?.textContent,
        isDark: getComputedStyle(document.body).backgroundColor !== "rgb(255, 255, 255)",
      }));
    expect(await state()).toEqual({ lang: "en", heading: "Train", start: "Start", isDark: false });
    await page.getByRole("radio", { name: "EN" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("radio", { name: "자동" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    const changed = { lang: "ko", heading: "학습", start: "시작", isDark: true };
    expect(await state()).toEqual(changed);
    await page.reload();
    expect(await state()).toEqual(changed);
    await page.getByRole("radio", { name: "한국어" }).focus();
    await page.keyboard.press("ArrowLeft");
    expect((await state()).start).toBe("Start");
  });
});

// Playwright cannot tell Firefox what a visitor prefers.
describe("who prefers reduced motion, in Chromium", () => {
  const visit = visitsIn("chromium");

  test.each([
    { reducedMotion: "reduce", scroll: "auto", follows: false },
    { reducedMotion: "no-preference", scroll: "smooth", follows: true },
  ] as const)(
    "$reducedMotion: scrolling is $scroll; the gates follow the training: $follows",
    async (wanted) => {
      const { page } = await visit({ reducedMotion: wanted.reducedMotion });
      const scroll = await page.evaluate(() => getComputedStyle(document.documentElement).scrollBehavior);
      expect(scroll).toBe(wanted.scroll);

      await choose(page, { units: "32", vector: "32", epochs: "1", batch: "1", threads: "1" });
      await page.getByLabel("Text", { exact: true }).fill(SPAM);
      await pressStart(page);
      await page.locator("#gates").evaluate((section) => section.scrollIntoView({ behavior: "instant" }));
      const step = async () => {
        const [, done] = /step ([\d,]+) of/.exec((await page.locator(".steps p").textContent())!) ?? [];
        return Number(done?.replace(",", "") ?? 0);
      };
      const gates = "canvas[data-panel=h]";
      await page.locator(gates).waitFor();
      await expect.poll(step).toBeGreaterThan(1000);
      const early = await picture(page, gates);
      await expect.poll(step, { interval: 20, timeout: 30_000 }).toBeGreaterThan(4000);
      const late = await picture(page, gates);
      expect(await step()).toBeGreaterThan(4000); // still in the first epoch
      expect(late !== early).toBe(wanted.follows);
    },
  );
});
