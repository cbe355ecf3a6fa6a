import { acceptDrops } from "./drop.ts";
import { firstLanguage, firstTheme, mountHeader } from "./header.ts";
import { Page } from "./page.ts";
import type { OpenPlace } from "./places.ts";
import { PLACES, type Place, routeOf } from "./route.ts";
import { mountWords } from "./words-place.ts";

const page = new Page({ language: firstLanguage(), theme: firstTheme() });
const section = (id: string) => document.getElementById(id)!; // in index.html

/** Opens each place, when it is first gone to. What only one place needs is loaded with it. */
const OPENERS: Readonly<Record<Place, () => Promise<OpenPlace>>> = {
  words: async () => words,
  forecast: async () => (await import("./forecast/forecast.ts")).mountForecast(section("forecast"), page),
  classes: async () => (await import("./classes/classes.ts")).mountClasses(section("classes"), page),
  detect: async () => (await import("./detect/detect.ts")).mountDetect(section("detect"), page),
  generate: async () => (await import("./generate/generate.ts")).mountGenerate(section("generate"), page),
};

const say = mountHeader(section("header"), page);
const words = mountWords(section, page);
const open = new Map<Place, Promise<OpenPlace>>();
const placeOf = (place: Place): Promise<OpenPlace> => {
  const opened = open.get(place) ?? OPENERS[place]();
  open.set(place, opened);
  return opened;
};

/** Show what the address asks for. */
async function follow(): Promise<void> {
  const { place, settings, section: id } = routeOf(location.hash);
  for (const name of PLACES) section(name).hidden = name !== place;
  say(place);
  // A link to a section says nothing of settings.
  const opened = await placeOf(place);
  if (id === null) opened.settings(settings);
  else document.getElementById(id)?.scrollIntoView();
}

addEventListener("hashchange", () => void follow());
void follow();
acceptDrops((files) => {
  void placeOf(routeOf(location.hash).place).then((place) => place.take(files));
});
