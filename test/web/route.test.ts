import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hashOf, PLACES, routeOf } from "../../web/src/route.ts";

describe("links to places", () => {
  test("whatever is set comes back", () => {
    const setting = fc.tuple(fc.string({ minLength: 1 }), fc.string());
    fc.assert(
      fc.property(fc.constantFrom(...PLACES), fc.array(setting), (place, settings) => {
        const params = new URLSearchParams(settings);
        const route = routeOf(hashOf(place, params));
        expect(route.place).toBe(place);
        expect([...route.settings]).toEqual([...params]);
        expect(route.section).toBeNull();
      }),
    );
  });

  test.each([
    ["", "words", null],
    ["#", "words", null],
    ["#gates", "words", "gates"],
    ["#/forecast", "forecast", null],
    ["#/nowhere?horizon=3", "words", null],
    ["#/forecast/more", "words", null],
  ] as const)("%j is %s, section %s", (hash, place, section) => {
    expect(routeOf(hash)).toMatchObject({ place, section });
  });
});
