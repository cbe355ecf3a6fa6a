import { element } from "./elements.ts";
import { gradientText } from "./gradient.text.ts";
import type { Page } from "./page.ts";
import { inWords } from "./words.ts";

export function mountGradient(section: HTMLElement, page: Page): void {
  const title = element("h2", { id: "gradient-title" });
  const lead = element("p", { class: "lead" });
  section.append(title, lead);
  inWords(page, gradientText, (words) => {
    title.textContent = words.title;
    lead.textContent = words.lead;
  });
}
