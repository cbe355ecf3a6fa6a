/** The cell, drawn and in formulas; and why the error finds its way back through it. */
import "./explanation.css";
import { lstmDiagram, simpleRNNDiagram } from "./cell-diagram.ts";
import { element } from "./elements.ts";
import { explanationText, type Part } from "./explanation.text.ts";
import { formula } from "./formula.ts";
import type { Page } from "./page.ts";
import { inWords } from "./words.ts";

/** As in docs/lstm.md, with z cut into its parts. */
const FORMULAS: Record<Part, string> = {
  f: "f = σ ( x · W_f + h_− · U_f + b_f )",
  i: "i = σ ( x · W_i + h_− · U_i + b_i )",
  g: "g = tanh ( x · W_g + h_− · U_g + b_g )",
  o: "o = σ ( x · W_o + h_− · U_o + b_o )",
  c: "c = f · c_− + i · g",
  h: "h = o · tanh ~ c",
  rnn: "h = tanh ( x · W + h_− · U + b )",
};
const LSTM_PARTS = ["f", "i", "g", "o", "c", "h"] as const;

export function mountExplanation(section: HTMLElement, page: Page): void {
  const title = element("h2", { id: "explanation-title" });
  const content = element("div", { class: "explanation" });
  section.append(title, content);
  markTogether(content);
  inWords(page, explanationText, (words) => {
    title.textContent = words.title;
    const cell = (
      name: string,
      description: string,
      draw: typeof lstmDiagram,
      parts: readonly Part[],
    ): HTMLElement =>
      element(
        "article",
        {},
        element("h3", {}, name),
        draw({
          title: name,
          description,
          name: (part) => words.parts[part].name,
          href: (part) => `#formula-${part}`,
        }),
        element(
          "ul",
          { class: "formulas" },
          ...parts.map((part) =>
            element(
              "li",
              { id: `formula-${part}`, "data-part": part },
              element("strong", {}, words.parts[part].name),
              formula(FORMULAS[part]),
              element("p", {}, words.parts[part].words),
              element("a", { href: `#panel-${part === "rnn" ? "h" : part}` }, words.show),
            ),
          ),
        ),
      );
    content.replaceChildren(
      element("p", { class: "lead" }, words.lead),
      element(
        "div",
        { class: "cells" },
        cell(words.lstm, words.lstmDescription, lstmDiagram, LSTM_PARTS),
        cell(words.simpleRNN, words.simpleRNNDescription, simpleRNNDiagram, ["rnn"]),
      ),
      element("p", { class: "symbols" }, words.symbols),
      element("h3", {}, words.whyTitle),
      element(
        "div",
        { class: "ways" },
        element(
          "div",
          {},
          element("p", {}, words.whyRNN),
          element("p", {}, formula("∂h_t/∂h_t−1 = diag ( 1 − h_t^2 ) · U^T")),
          element("p", {}, words.whyRNNAfter),
        ),
        element(
          "div",
          {},
          element("p", {}, words.whyLSTM),
          element("p", {}, formula("∂c_t/∂c_t−1 = diag ( f_t ) + …"), ` ${words.through}`),
          element("p", {}, words.whyLSTMAfter),
        ),
      ),
    );
  });
}

/** What is pointed at or focused in a diagram is marked in the formulas, and the other way round. */
function markTogether(content: HTMLElement): void {
  const mark = (target: EventTarget | null): void => {
    const part =
      target instanceof Element ? target.closest<HTMLElement>("[data-part]")?.dataset.part : undefined;
    for (const node of content.querySelectorAll<HTMLElement>("[data-part]")) {
      node.classList.toggle("marked", node.dataset.part === part);
    }
  };
  content.addEventListener("pointerover", (event) => mark(event.target));
  content.addEventListener("pointerleave", () => mark(document.activeElement));
  content.addEventListener("focusin", (event) => mark(event.target));
  content.addEventListener("focusout", (event) => mark(event.relatedTarget));
}
