import { element } from "./elements.ts";
import { explanationText } from "./explanation.text.ts";
import type { Page } from "./page.ts";
import { inWords } from "./words.ts";

export function mountExplanation(section: HTMLElement, page: Page): void {
  const title = element("h2", { id: "explanation-title" });
  const lead = element("p", { class: "lead" });
  section.append(title, lead);
  inWords(page, explanationText, (words) => {
    title.textContent = words.title;
    lead.textContent = words.lead;
  });
}
