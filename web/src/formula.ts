/** Formulas as MathML, from the notation of docs/lstm.md. */

const MATHML = "http://www.w3.org/1998/Math/MathML";
const OPERATORS = new Set(["=", "+", "−", "·", "(", ")", ",", "…", "←"]);

/**
 * A formula of tokens between blanks: operators, numbers, names. `b_f` has an index, `h_t−1` one of three
 * tokens, `h^2` an exponent, `U_f^T` both, `∂a/∂b` is a fraction; names of several letters stand
 * upright; `~` is a thin space.
 */
export function formula(source: string): MathMLElement {
  const math = element("math", ...source.split(" ").map(token));
  math.setAttribute("class", "formula");
  math.setAttribute("displaystyle", "true"); // fractions at full size
  return math;
}

function token(source: string): MathMLElement {
  const [above, below] = source.split("/");
  if (below !== undefined) return element("mfrac", token(above!), token(below));
  if (source.startsWith("∂")) return element("mrow", atom("∂"), token(source.slice(1)));
  const [, base, index, exponent] = /^([^_^]+)(?:_([^^]+))?(?:\^(.+))?$/.exec(source)!;
  if (index && exponent) return element("msubsup", atom(base!), script(index), script(exponent));
  if (index) return element("msub", atom(base!), script(index));
  if (exponent) return element("msup", atom(base!), script(exponent));
  return atom(source);
}

/** `t−1` is three tokens, `−` alone is one. */
function script(source: string): MathMLElement {
  const tokens = source.match(/−|[^−]+/g)!;
  return tokens.length === 1 ? atom(source) : element("mrow", ...tokens.map(atom));
}

function atom(source: string): MathMLElement {
  if (source === "~") return thinSpace();
  if (OPERATORS.has(source)) return leaf("mo", source);
  if (/^\d+$/.test(source)) return leaf("mn", source);
  const name = leaf("mi", source);
  // Letters of the text's own italic: the mathematical ones are missing in many fonts, h above all.
  name.setAttribute("mathvariant", "normal");
  if (source.length === 1) name.setAttribute("class", "letter");
  return name;
}

function thinSpace(): MathMLElement {
  const space = element("mspace");
  space.setAttribute("width", "0.17em");
  return space;
}

function leaf(name: string, text: string): MathMLElement {
  const node = document.createElementNS(MATHML, name) as MathMLElement;
  node.textContent = text;
  return node;
}

function element(name: string, ...children: MathMLElement[]): MathMLElement {
  const node = document.createElementNS(MATHML, name) as MathMLElement;
  node.append(...children);
  return node;
}
