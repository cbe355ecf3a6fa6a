/** Telling the visitor what went wrong. */
import { element } from "./elements.ts";
import { failureText } from "./failure.text.ts";
import type { Page } from "./page.ts";

/** The code of an error of lstmkit, also of one that came from a worker, where only its message is kept. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  return /^([A-Z][A-Z_]+): /.exec(error.message)?.[1];
}

/** A place for one failure at a time, read out when it appears. */
export class FailureNotice {
  readonly element = element("div", { role: "alert", class: "failure", hidden: true });
  readonly #page: Page;
  #error: unknown;

  constructor(page: Page) {
    this.#page = page;
    page.on("language", () => this.#write());
  }

  show(error: unknown): void {
    this.#error = error;
    this.#write();
  }

  clear(): void {
    this.#error = undefined;
    this.#write();
  }

  #write(): void {
    const error = this.#error;
    this.element.hidden = error === undefined;
    this.element.replaceChildren();
    if (error === undefined) return;
    const words = failureText[this.#page.language];
    const code = codeOf(error);
    const known = code !== undefined && code in words ? (code as keyof typeof words) : "other";
    const message = error instanceof Error ? error.message : String(error);
    this.element.append(
      element("strong", {}, words[known]),
      // The library speaks English.
      element("span", { lang: "en" }, message),
    );
  }
}
