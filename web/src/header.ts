/** The head of the page: its name, its sections, and the choice of language and theme. */
import { element } from "./elements.ts";
import { headerText } from "./header.text.ts";
import type { Language, Page, Theme } from "./page.ts";
import { hashOf, PLACES, type Place } from "./route.ts";
import { store, stored } from "./stored.ts";
import { inWords } from "./words.ts";

const LANGUAGES = ["en", "ko"] as const;
/** Each in its own language, so that whoever needs it can read it. */
const LANGUAGE_NAMES = { en: "EN", ko: "한국어" } as const;
const THEMES = ["auto", "light", "dark"] as const;
/** Of the first place. */
const SECTIONS = ["train", "predict", "gradient", "explanation"] as const;

const darkSystem = matchMedia("(prefers-color-scheme: dark)");

/** The language chosen on an earlier visit, or the first of the browser's that the page has. */
export function firstLanguage(): Language {
  const wanted = navigator.languages.map((tag) => tag.slice(0, 2));
  return stored("language", LANGUAGES) ?? LANGUAGES.find((name) => name === wanted.find(isLanguage)) ?? "en";
}

const isLanguage = (tag: string): tag is Language => (LANGUAGES as readonly string[]).includes(tag);

export function firstTheme(): Theme {
  return shown(stored("theme", THEMES) ?? "auto");
}

function shown(choice: (typeof THEMES)[number]): Theme {
  if (choice !== "auto") return choice;
  return darkSystem.matches ? "dark" : "light";
}

/** @returns a function that says which place is seen */
export function mountHeader(header: HTMLElement, page: Page): (place: Place) => void {
  const skip = document.getElementById("skip") as HTMLAnchorElement; // in index.html
  const purpose = element("p", { class: "purpose" });
  const places = PLACES.map((name) => element("a", { href: hashOf(name) }));
  const nav = element("nav", { id: "places" }, ...places);
  const links = SECTIONS.map((name) => element("a", { href: `#${name}` }));
  const sections = element("nav", { id: "sections" }, ...links);
  const theme = choice("theme", THEMES, stored("theme", THEMES) ?? "auto", (chosen) => {
    document.documentElement.dataset.theme = chosen;
    page.set({ theme: shown(chosen) });
  });
  const language = choice("language", LANGUAGES, page.language, (chosen) => {
    document.documentElement.lang = chosen;
    page.set({ language: chosen });
  });
  darkSystem.addEventListener("change", () => page.set({ theme: shown(theme.chosen()) }));
  const title = element("h1", {}, "lstmkit");
  header.append(
    element("div", { class: "name" }, title, purpose),
    element("div", { class: "choices" }, theme.field, language.field),
    nav,
    sections,
  );
  for (const name of LANGUAGES) {
    language.labels[name].textContent = LANGUAGE_NAMES[name];
    language.labels[name].lang = name;
  }
  inWords(page, headerText, (words) => {
    purpose.textContent = words.purpose;
    nav.setAttribute("aria-label", words.tasks);
    places.forEach((link, i) => {
      link.textContent = words.places[PLACES[i]!];
    });
    sections.setAttribute("aria-label", words.sections);
    links.forEach((link, i) => {
      link.textContent = words[SECTIONS[i]!];
    });
    theme.legend.textContent = words.theme;
    for (const name of THEMES) theme.labels[name].textContent = words[name];
    language.legend.textContent = words.language;
    skip.textContent = words.skip;
    document.getElementById("footer")!.textContent = words.footer;
  });
  return (seen) => {
    sections.hidden = seen !== "words";
    places.forEach((link, i) => {
      if (PLACES[i] === seen) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    });
    const main = seen === "words" ? "train" : `${seen}-title`;
    skip.href = `#${main}`;
    skip.onclick = (event) => {
      if (seen === "words") return;
      // The address has the place and its settings, and keeps them.
      event.preventDefault();
      document.getElementById(main)?.focus();
    };
  };
}

/** Radio buttons in a row; what is chosen is stored under the name. */
function choice<T extends string>(
  name: string,
  values: readonly T[],
  first: T,
  choose: (value: T) => void,
): {
  field: HTMLFieldSetElement;
  legend: HTMLLegendElement;
  labels: Record<T, HTMLSpanElement>;
  chosen(): T;
} {
  let chosen = first;
  const legend = element("legend", { class: "unseen" });
  const field = element("fieldset", { class: "switch" }, legend);
  const labels = {} as Record<T, HTMLSpanElement>;
  for (const value of values) {
    const input = element("input", { type: "radio", name, value, checked: value === first });
    labels[value] = element("span");
    field.append(element("label", {}, input, labels[value]));
    input.addEventListener("change", () => {
      chosen = value;
      store(name, value);
      choose(value);
    });
  }
  choose(first);
  return { field, legend, labels, chosen: () => chosen };
}
