/** Drawings of the LSTM's and the simple RNN's cell, as SVG whose look is explanation.css. */
import type { Part } from "./explanation.text.ts";

const SVG = "http://www.w3.org/2000/svg";

/** What a diagram says to those who do not see it, and where its parts lead. */
export interface DiagramText {
  readonly title: string;
  readonly description: string;
  readonly name: (part: Part) => string;
  /** The target of a part's link. */
  readonly href: (part: Part) => string;
}

export function lstmDiagram(text: DiagramText): SVGSVGElement {
  return diagram("lstm", "0 0 440 330", text, [
    bus(330, [110, 180, 250]),
    part("c", text, [
      wire("M24 60 H97", "cell"),
      wire("M123 60 H203", "cell"),
      wire("M229 60 H410", "cell"),
      arrow(424, 60),
      join(216, 60, "+"),
      label(24, 42, "c", "−"),
      label(410, 42, "c"),
    ]),
    part("f", text, [wire("M110 222 V73"), box(110, "σ"), join(110, 60, "×"), label(92, 190, "f")]),
    part("i", text, [wire("M180 222 V140 H203"), box(180, "σ"), label(164, 190, "i")]),
    part("g", text, [
      wire("M250 222 V140 H229"),
      wire("M216 127 V73"),
      box(250, "tanh"),
      join(216, 140, "×"),
      label(268, 190, "g"),
    ]),
    part("o", text, [wire("M330 222 V183"), box(330, "σ"), label(348, 208, "o")]),
    part("h", text, [
      wire("M330 60 V98"),
      wire("M330 128 V157"),
      wire("M343 170 H410"),
      arrow(424, 170),
      pill(330, 113),
      join(330, 170, "×"),
      label(410, 152, "h"),
    ]),
  ]);
}

export function simpleRNNDiagram(text: DiagramText): SVGSVGElement {
  return diagram("rnn", "0 124 240 206", text, [
    bus(130, []),
    part("rnn", text, [wire("M130 222 V170 H210"), arrow(224, 170), box(130, "tanh"), label(210, 152, "h")]),
  ]);
}

/** x from below joins h₋ from the left, and stubs lead up into the boxes. */
function bus(end: number, stubs: readonly number[]): SVGElement {
  const group = create("g", { class: "bus" });
  group.append(
    wire(`M24 292 H${end} V262`),
    wire("M62 316 V292"),
    ...stubs.map((x) => wire(`M${x} 292 V262`)),
    create("circle", { class: "dot", cx: 62, cy: 292, r: 3.5 }),
    label(28, 280, "h", "−"),
    label(76, 322, "x"),
  );
  return group;
}

function diagram(
  name: string,
  viewBox: string,
  text: DiagramText,
  children: readonly SVGElement[],
): SVGSVGElement {
  const [titleId, descriptionId] = [`diagram-${name}-title`, `diagram-${name}-description`];
  const svg = create("svg", {
    class: `diagram diagram-${name}`,
    viewBox,
    role: "group",
    "aria-labelledby": titleId,
    "aria-describedby": descriptionId,
  }) as SVGSVGElement;
  const title = create("title", { id: titleId });
  title.textContent = text.title;
  const description = create("desc", { id: descriptionId });
  description.textContent = text.description;
  svg.append(title, description, ...children);
  return svg;
}

function part(name: Part, text: DiagramText, children: readonly SVGElement[]): SVGElement {
  const link = create("a", { class: "part", href: text.href(name) });
  const title = create("title", {});
  title.textContent = text.name(name);
  link.dataset.part = name;
  link.append(title, ...children);
  return link;
}

function wire(d: string, kind = ""): SVGElement {
  const group = create("g", { class: `wire ${kind}` });
  // A wide stroke without colour below, so that a thin line is no thin target.
  group.append(create("path", { class: "reach", d }), create("path", { d }));
  return group;
}

function arrow(x: number, y: number): SVGElement {
  return create("path", { class: "arrow", d: `M${x} ${y} l-14 -7 v14 z` });
}

function box(x: number, text: string): SVGElement {
  const group = create("g", { class: "box" });
  group.append(create("rect", { x: x - 26, y: 222, width: 52, height: 40, rx: 6 }), words(x, 247, text));
  return group;
}

function pill(x: number, y: number): SVGElement {
  const group = create("g", { class: "box" });
  group.append(
    create("rect", { x: x - 26, y: y - 15, width: 52, height: 30, rx: 15 }),
    words(x, y + 5, "tanh"),
  );
  return group;
}

function join(x: number, y: number, sign: string): SVGElement {
  const group = create("g", { class: "join" });
  group.append(create("circle", { cx: x, cy: y, r: 13 }), words(x, y + 6, sign));
  return group;
}

function label(x: number, y: number, text: string, index?: string): SVGElement {
  const node = words(x, y, text);
  node.setAttribute("class", "label");
  if (index) {
    const below = create("tspan", { class: "index", dy: 5 });
    below.textContent = index;
    node.append(below);
  }
  return node;
}

function words(x: number, y: number, text: string): SVGElement {
  const node = create("text", { x, y });
  node.textContent = text;
  return node;
}

function create(name: string, attributes: Record<string, string | number>): SVGElement {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  return node;
}
