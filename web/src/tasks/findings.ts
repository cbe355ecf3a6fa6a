import type { Finding } from "lstmkit/data";
import { element } from "../elements.ts";
import type { Language } from "../page.ts";
import { tasksText } from "./tasks.text.ts";

/** What was found in the data and handled by a rule, in the library's words. Nothing for nothing. */
export function findingsOf(findings: readonly Finding[], language: Language): HTMLElement[] {
  const messages = [...new Set(findings.map(({ message }) => message))];
  if (messages.length === 0) return [];
  const items = messages.map((message) => element("li", {}, message));
  return [
    element(
      "div",
      { class: "findings" },
      element("strong", {}, tasksText[language].findings),
      element("ul", { lang: "en" }, ...items),
    ),
  ];
}
