/** Choosing files by a button whose words are the page's: the browser's own are in the browser's language. */
import { element } from "./elements.ts";

export interface FileButton {
  /** The button, and behind it what was chosen last. */
  readonly element: HTMLElement;
  /** For the button's words. */
  readonly label: HTMLSpanElement;
  /** For the name of what was chosen. */
  readonly chosen: HTMLSpanElement;
  readonly input: HTMLInputElement;
}

/** @param take is given what was chosen, at least one file */
export function fileButton(
  {
    id,
    accept,
    ...attributes
  }: {
    id: string;
    accept?: string;
    multiple?: boolean;
    webkitdirectory?: boolean;
    "aria-describedby"?: string;
  },
  take: (files: readonly File[]) => void,
): FileButton {
  const input = element("input", { type: "file", id, accept, ...attributes, class: "unseen" });
  const label = element("span");
  const chosen = element("span", { class: "given" });
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    input.value = ""; // so that the same file can be chosen again
    if (files.length === 0) return;
    chosen.textContent =
      files
        .map(({ name }) => name)
        .slice(0, 3)
        .join(", ") + (files.length > 3 ? ", …" : "");
    take(files);
  });
  // The input stays what is reached by key and read out; its label is what is seen.
  const button = element("label", { class: "file" }, input, label);
  return { element: element("div", { class: "row" }, button, chosen), label, chosen, input };
}
