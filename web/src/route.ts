/** Places of the page, and the links that open them with their settings. */

/** In the order in which they are named. `words` is the page's first: two classes of texts, and a look inside. */
export const PLACES = ["words", "forecast", "classes", "detect", "generate"] as const;
export type Place = (typeof PLACES)[number];

/** What a link asks for. */
export interface Route {
  readonly place: Place;
  /** Settings that are not the default, by their names. */
  readonly settings: URLSearchParams;
  /** The id of what is to be seen first, of links within a place. */
  readonly section: string | null;
}

/** What stands behind the `#` of an address: `#/forecast?horizon=14`, or `#gates` for a section of the first place. */
export function routeOf(hash: string): Route {
  const [, name, query = ""] = /^#\/(\w+)(?:\?(.*))?$/.exec(hash) ?? [];
  const place = PLACES.find((one) => one === name);
  if (place) return { place, settings: new URLSearchParams(query), section: null };
  return {
    place: "words",
    settings: new URLSearchParams(),
    section: /^#(\w[\w-]*)$/.exec(hash)?.[1] ?? null,
  };
}

/** The link's part behind the `#`, and with it. */
export function hashOf(place: Place, settings?: URLSearchParams): string {
  const query = settings?.toString() ?? "";
  return `#/${place}${query === "" ? "" : `?${query}`}`;
}

/** Have the address say what is set, so that it can be kept and given on. Going back still leaves the place. */
export function keepInLink(place: Place, settings: URLSearchParams): void {
  const hash = hashOf(place, settings);
  const { hash: now } = location;
  if (routeOf(now).place === place && now !== hash) history.replaceState(null, "", hash);
}
