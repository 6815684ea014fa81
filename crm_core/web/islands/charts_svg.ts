/** What the pictures are drawn with: SVG elements, texts that fit, and the words beside the pointer. */

export const FONT_SIZE = 12; // px
/** What stands in a picture's JSON: texts are formatted by the server. */
export interface Series {
  name: string;
  values: (number | null)[];
  texts: string[];
}

export interface Bars {
  kind: "bars" | "stacked" | "funnel";
  labels: string[];
  series: Series[];
  rtl: boolean;
  /** Where each bar leads, "" for nowhere; the table beside has the same links. */
  links?: string[];
}

export interface Heat {
  kind: "heat";
  labels: string[];
  across: string[];
  cells: [number, number, number | null, string][];
  rtl: boolean;
}

export interface Size {
  width: number;
  height: number;
}

/** An SVG element; numbers are rounded to a tenth of a pixel. */
export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Record<string, string | number>,
  ...children: (Node | string)[]
): SVGElementTagNameMap[Name] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, typeof value === "number" ? String(Math.round(value * 10) / 10) : value);
  }
  made.append(...children);
  return made;
}

let measure: CanvasRenderingContext2D | null | undefined;

/** How wide a text of FONT_SIZE is, in px. */
export function widthOf(text: string): number {
  measure ??= document.createElement("canvas").getContext("2d");
  if (!measure) return text.length * FONT_SIZE * 0.6;
  measure.font = `${FONT_SIZE}px ${getComputedStyle(document.body).fontFamily}`;
  return measure.measureText(text).width;
}

/** The text, shortened at its end until it is no wider than `widest`. */
export function fitting(text: string, widest: number): string {
  if (widthOf(text) <= widest) return text;
  const letters = [...text];
  while (letters.length > 1 && widthOf(`${letters.join("").trimEnd()}…`) > widest) letters.pop();
  return `${letters.join("").trimEnd()}…`;
}

/** A line of words; `y` is its middle. */
export function words(text: string, x: number, y: number, anchor: "start" | "middle" | "end"): SVGTextElement {
  const place = { x, y, "text-anchor": anchor, "dominant-baseline": "central" };
  return svg("text", { ...place, direction: isRightToLeft(text) ? "rtl" : "ltr", class: "chart-text" }, text);
}

/** In a line from right to left "start" is its right end: the picture speaks of left and right. */
export function wordsAt(text: string, x: number, y: number, edge: "left" | "right" | "middle"): SVGTextElement {
  if (edge === "middle") return words(text, x, y, "middle");
  return words(text, x, y, (edge === "left") === !isRightToLeft(text) ? "start" : "end");
}

function isRightToLeft(text: string): boolean {
  return /^[^\p{L}]*[\p{Script=Arabic}\p{Script=Hebrew}]/u.test(text);
}

/** Where lines across the bars stand: some five round steps up to `most`. */
export function steps(most: number): number[] {
  const rough = most / 5;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * ([1, 2, 5].find((times) => times * unit >= rough) ?? 10);
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, n) => n * step);
}

// --- beside the pointer ---------------------------------------------------------------------------------------
/** Show what `data-says` of the part under the pointer says, until the pointer leaves or Escape is pressed. */
export function tell(place: HTMLElement): void {
  const tip = document.createElement("div");
  tip.className = "chart-tip";
  tip.hidden = true;
  place.append(tip);
  const hide = (): void => {
    tip.hidden = true;
  };
  const show = (event: PointerEvent): void => {
    const says = event.target instanceof Element ? event.target.closest("[data-says]")?.getAttribute("data-says") : "";
    if (!says) return hide();
    if (tip.textContent !== says) tip.textContent = says;
    tip.hidden = false;
    const box = place.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    tip.style.left = `${Math.max(0, x + 12 + tip.offsetWidth > box.width ? x - 12 - tip.offsetWidth : x + 12)}px`;
    tip.style.top = `${Math.max(0, Math.min(y + 12, box.height - tip.offsetHeight))}px`;
  };
  place.addEventListener("pointermove", show);
  place.addEventListener("pointerdown", show);
  place.addEventListener("pointerleave", hide);
}

document.addEventListener("keydown", ({ key }) => {
  if (key === "Escape") for (const tip of document.querySelectorAll<HTMLElement>(".chart-tip")) tip.hidden = true;
});
