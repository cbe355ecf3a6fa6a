/** Something to be copied, with the button that does it. */
import { element } from "./elements.ts";

/** The words of copying. */
export interface CopyWords {
  readonly copy: string;
  readonly copied: string;
  readonly notCopied: string;
}

/** A button that copies a text, and says whether it could in a place for that. */
export function copyButton(
  label: string,
  text: string,
  words: CopyWords,
  said: HTMLElement,
): HTMLButtonElement {
  const button = element("button", { type: "button", "aria-label": label }, words.copy);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = words.copied;
    } catch {
      said.textContent = words.notCopied;
    }
  });
  return button;
}

/** Hand the visitor a file. */
export function handOver(name: string, content: Uint8Array<ArrayBuffer> | string, type: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = element("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the browser reads it after this turn
}
