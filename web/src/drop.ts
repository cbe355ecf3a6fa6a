/** Files dropped anywhere on the page. */

/** @param take is given the files; what they are is for it to say */
export function acceptDrops(take: (files: readonly File[]) => void): void {
  const { classList } = document.body;
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    classList.add("dropping");
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) classList.remove("dropping");
  });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    classList.remove("dropping");
    take([...(event.dataTransfer?.files ?? [])]);
  });
}
