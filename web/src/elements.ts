/** Making elements. */

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * An element with attributes and content. `true` is an attribute without a value; `false` and undefined leave
 * it out.
 */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...content: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== undefined && value !== false) made.setAttribute(name, String(value));
  }
  made.append(...content);
  return made;
}

/** The colour that a custom property of style.css has in the theme that is seen, for a canvas. */
export function colour(property: `--${string}`): string {
  const probe = element("span", { hidden: true });
  probe.style.color = `var(${property})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Whether the visitor wants things to stand still. */
export function prefersStill(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
