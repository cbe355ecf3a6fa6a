/** Forecasts to look at: in terminals of any width, as SVG, as a page. */
import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, test } from "vitest";
import { forecastPage } from "../../src/picture/forecast-page.ts";
import { forecastSvg } from "../../src/picture/forecast-svg.ts";
import { forecastLines } from "../../src/picture/forecast-terminal.ts";
import {
  type ForecastPanel,
  type ForecastView,
  rangeOf,
  ticksOf,
  tickText,
} from "../../src/picture/forecast-view.ts";

const panel = (past: readonly number[], values: readonly number[], width = 1, name = ""): ForecastPanel => ({
  name,
  past,
  values,
  bands: [2, 1].map((times) => ({
    level: times === 1 ? 0.8 : 0.95,
    lower: values.map((value) => value - times * width),
    upper: values.map((value) => value + times * width),
  })),
  labelOf: (row) => `day ${row + 1}`,
});
const view = (...panels: ForecastPanel[]): ForecastView => ({ title: "sales & more", panels });
const RAMP = view(panel([1, 2, 3, 4, 5, 6], [7, 8, 9]));

describe("ticks", () => {
  test.each([
    [0, 10, 5, [0, 2, 4, 6, 8, 10]],
    [6500, 14_700, 4, [10_000]],
    [6500, 14_700, 5, [8000, 10_000, 12_000, 14_000]],
    [-0.25, 0.31, 6, [-0.2, -0.1, 0, 0.1, 0.2, 0.3]],
    [31.2, 31.9, 3, [31.5]],
  ])("of %d to %d, %d at most", (low, high, most, ticks) => {
    expect(ticksOf(low, high, most)).toEqual(ticks);
  });

  test("are round, within the range, and few", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e9, max: 1e9, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e9, noNaN: true }),
        (low, width) => {
          const ticks = ticksOf(low, low + width, 5);
          expect(ticks.length).toBeLessThanOrEqual(6);
          const rounding = (Math.abs(low) + width) * 1e-9;
          for (const tick of ticks) {
            expect(tick).toBeGreaterThanOrEqual(low - rounding);
            expect(tick).toBeLessThanOrEqual(low + width + rounding);
          }
        },
      ),
    );
  });

  test("end where numbers are too large to tell them apart", () => {
    expect(ticksOf(1e17, 1e17 + 16, 5)).toEqual([1e17]);
  });

  test("are short as text", () => {
    expect([0, -0.2, 14_000, 2_500_000, 1e-7].map(tickText)).toEqual([
      "0",
      "-0.2",
      "14000",
      "2.5e6",
      "1.0e-7",
    ]);
  });
});

test("a range holds lines and bands, and is never empty", () => {
  expect(rangeOf(panel([1, 2], [3], 1))).toEqual([1, 5]);
  expect(rangeOf(panel([5, 5], [5], 0))).toEqual([4.5, 5.5]);
  expect(rangeOf(panel([0], [Number.NaN], 0))).toEqual([-1, 1]);
  expect(rangeOf(panel([], [Number.NaN], 0))).toEqual([0, 1]);
});

describe("in a terminal", () => {
  test("a ramp rises, a band lies around the forecast, an axis says when", () => {
    const lines = forecastLines(RAMP, { columns: 40, rows: 6 });
    expect(lines).toMatchInlineSnapshot(`
      [
        "sales & more",
        "",
        " 10┤                          ┊    ░░░░▒",
        "   │                          ▒▒▒▒⣀⣀⡠⠤⠔⠒",
        "   │                       ⣀⡠⠤⠒⠒⠉⠉▒▒▒▒▒░",
        "  5┤               ⣀⣀⠤⠤⠒⠒⠉⠉   ▒▒▒▒▒░░░░",
        "   │       ⣀⡠⠤⠔⠒⠊⠉⠉           ┊",
        "   │⣀⡠⠤⠔⠒⠊⠉                   ┊",
        "   └────────────────────────────────────",
        "    day -5                   day 1 day 3",
      ]
    `);
  });

  test("no line is wider than it, whatever it shows", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 120 }),
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { maxLength: 200 }),
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 60 }),
        (columns, past, values) => {
          const lines = forecastLines(view(panel(past, values, 10, "Geschäft 売上")), { columns, rows: 8 });
          for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });

  test("a narrow one has the numbers, and many panels end somewhere", () => {
    expect(forecastLines(RAMP, { columns: 10 }).slice(2)).toEqual(["day 1 7", "day 2 8", "day 3 9"]);
    const many = forecastLines(
      view(...Array.from({ length: 9 }, (_, i) => panel([1], [2], 1, `store ${i}`))),
      { columns: 40 },
    );
    expect(many.at(-1)).toBe("and 3 more");
  });
});

describe("as SVG and as a page", () => {
  const svg = forecastSvg(RAMP);

  test("the past, the forecast, its bands and their numbers are there, and nothing from outside", () => {
    expect(svg.match(/class="band" d=/g)).toHaveLength(2);
    expect(svg).toContain('class="past"');
    expect(svg).toContain('class="ahead"');
    expect(svg).toContain("<title>day 2: 8\n95 %: 6 to 10\n80 %: 7 to 9</title>".replaceAll("\n", "\n"));
    expect(svg).toContain("sales &#38; more");
    expect(svg).not.toMatch(/href|url\(|<script|NaN|undefined/);
  });

  test("a page has the numbers in a table, runs no script, and escapes what it is given", () => {
    const page = forecastPage({ title: "<b>", panels: [panel([1], [2], 1, '"><script>')] });
    expect(page).toContain('<th scope="col">95 % from</th>');
    expect(page).toContain("<tr><td>day 1</td><td>2</td><td>0</td><td>4</td><td>1</td><td>3</td></tr>");
    expect(page).not.toContain("<script");
    expect(page).not.toContain("<b>");
  });

  test("one value, and no past, are drawn as well", () => {
    const one = forecastSvg(view(panel([], [5], 0)));
    expect(one).not.toMatch(/NaN|Infinity|undefined/);
    expect(one).not.toContain('class="origin"');
  });
});
