import { element } from "./elements.ts";
import { gatesText } from "./gates.text.ts";
import type { Page } from "./page.ts";
import { inWords } from "./words.ts";

export function mountGates(section: HTMLElement, page: Page): void {
  const title = element("h2", { id: "gates-title" });
  const lead = element("p", { class: "lead" });
  section.append(title, lead);
  inWords(page, gatesText, (words) => {
    title.textContent = words.title;
    lead.textContent = words.lead;
  });
}
