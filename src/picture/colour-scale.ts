/** Colours for numbers: from stops in sRGB to a table of colours, blended in OKLab. */

export type Theme = "light" | "dark";

/** `sequential` is for 0 … 1, more ink for more; `diverging` for −m … m, 0 in the colour of the page. */
export type ScaleKind = "sequential" | "diverging";

/** Steps in a scale. Odd, so that the middle of a diverging scale is a step of its own. */
export const STEPS = 255;

/**
 * Blue and orange are the pair that the common kinds of colour blindness keep apart, and the sequential
 * scales go one way in lightness: `test/picture/colour-scale.test.ts` holds both (Machado et al. 2009).
 */
const STOPS: Record<ScaleKind, Record<Theme, readonly string[]>> = {
  sequential: {
    light: ["#faf6ea", "#a3d4b5", "#37929e", "#1f5389", "#191946"],
    dark: ["#11141d", "#1f4377", "#218b98", "#82cf9f", "#fdf3b0"],
  },
  diverging: {
    light: ["#0b3c8c", "#6b9fdb", "#f5f3ef", "#e59657", "#943900"],
    dark: ["#86baff", "#2d62b0", "#15181f", "#a85412", "#ffb26b"],
  },
};

type Triple = readonly [number, number, number];

/** Björn Ottosson's OKLab (2020): distances in it are near to what the eye sees. */
export function oklab(rgb: Triple): Triple {
  const [r, g, b] = rgb.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)) as [
    number,
    number,
    number,
  ];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function rgbOfOklab([lightness, a, b]: Triple): Triple {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return linear.map((v) => {
    const inside = Math.min(1, Math.max(0, v));
    return inside <= 0.0031308 ? 12.92 * inside : 1.055 * inside ** (1 / 2.4) - 0.055;
  }) as unknown as Triple;
}

/** Red, green and blue in 0 … 1 of `#rrggbb`. */
export function rgbOfHex(hex: string): Triple {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255) as unknown as Triple;
}

const tables = new Map<string, Uint8Array>();

/** The scale as STEPS × 3 bytes of sRGB, lowest value first. */
export function colourTable(kind: ScaleKind, theme: Theme): Uint8Array {
  const key = `${kind} ${theme}`;
  let table = tables.get(key);
  if (!table) {
    const stops = STOPS[kind][theme].map((hex) => oklab(rgbOfHex(hex)));
    table = new Uint8Array(STEPS * 3);
    for (let step = 0; step < STEPS; step++) {
      const place = (step / (STEPS - 1)) * (stops.length - 1);
      const before = Math.min(Math.floor(place), stops.length - 2);
      const rest = place - before;
      const blend = [0, 1, 2].map((k) => stops[before]![k]! * (1 - rest) + stops[before + 1]![k]! * rest);
      table.set(
        rgbOfOklab(blend as unknown as Triple).map((v) => Math.round(v * 255)),
        step * 3,
      );
    }
    tables.set(key, table);
  }
  return table;
}

/** The step of a value between low and high; what lies outside takes the nearest end. */
export function stepOf(value: number, low: number, high: number): number {
  const share = (value - low) / (high - low);
  return share > 0 ? Math.round(Math.min(share, 1) * (STEPS - 1)) : 0;
}
