/** Work that waits until somebody can see its result. */
import { inItsFrame } from "./frames.ts";

/**
 * Wraps work that shows something in an element: asked for any number of times, it runs once, in
 * a frame of its own, and only while the element is in the window or nearly so.
 */
export function whenSeen(target: Element, work: () => void): () => void {
  let isSeen = false;
  let isAsked = false;
  let isComing = false;
  const soon = (): void => {
    if (isComing) return;
    isComing = true;
    inItsFrame(() => {
      isComing = false;
      if (!isSeen || !isAsked) return;
      isAsked = false;
      work();
    });
  };
  const observer = new IntersectionObserver(
    (entries) => {
      isSeen = entries.at(-1)!.isIntersecting;
      if (isSeen && isAsked) soon();
    },
    { rootMargin: "25%" },
  );
  observer.observe(target);
  return () => {
    isAsked = true;
    if (isSeen) soon();
  };
}
