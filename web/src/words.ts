/** The words of the page, in the languages it has. */
import type { Language, Page } from "./page.ts";

/** The same keys in each language; a value is a string, or a function of what stands in it. */
export type Words<T> = Readonly<Record<Language, T>>;

/** Says what a `*.text.ts` has to hold: the Korean words have the keys of the English ones. */
export function words<T>(texts: { en: T; ko: NoInfer<T> }): Words<T> {
  return texts;
}

/** Do something with the words, now and whenever the language changes. */
export function inWords<T>(page: Page, texts: Words<T>, write: (words: T) => void): void {
  write(texts[page.language]);
  page.on("language", (language) => write(texts[language]));
}

/** A number as the language writes it. */
export function formatNumber(language: Language, value: number, options?: Intl.NumberFormatOptions): string {
  return new Intl.NumberFormat(language, options).format(value);
}
