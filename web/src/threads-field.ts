/** The choice of the number of threads, and why there is but one where memory cannot be shared. */
import { whyNotShared } from "../../src/wasm/platform.ts";
import { element } from "./elements.ts";
import type { Page } from "./page.ts";
import { usualThreads } from "./tasks/threads.ts";
import { trainText } from "./train.text.ts";
import { inWords } from "./words.ts";

const MOST_THREADS = 16;
export interface ThreadsField {
  readonly box: HTMLElement;
  readonly list: HTMLSelectElement;
  read(): number | "auto";
}

export function threadsField(page: Page, id: string): ThreadsField {
  const label = element("label", { for: id });
  const about = element("span", { class: "about", id: `${id}-about` });
  const cores = Math.min(navigator.hardwareConcurrency || 1, MOST_THREADS);
  const auto = element("option", { value: "auto" });
  const counts = Array.from({ length: cores }, (_, i) => element("option", { value: i + 1 }, String(i + 1)));
  const list = element("select", { id, "aria-describedby": about.id }, auto, ...counts);
  inWords(page, trainText, (words) => {
    label.textContent = words.threads;
    auto.textContent = words.threadsAuto(usualThreads());
    if (crossOriginIsolated) about.textContent = words.threadsAbout;
  });
  if (!crossOriginIsolated) {
    list.disabled = true;
    const why = element("span", { lang: "en" }, whyNotShared() ?? "");
    inWords(page, trainText, (words) => about.replaceChildren(words.threadsOne, " ", why));
  }
  return {
    box: element("div", { class: "field" }, label, list, about),
    list,
    read: () => (list.value === "auto" ? "auto" : Number(list.value)),
  };
}
