/** A week of hours: the more, the deeper the colour; what each cell says stands in it where there is room. */
import { svg, widthOf, wordsAt, type Heat, type Size } from "./charts_svg.ts";

const GAP = 8; // px
const FOOT = 24; // px below the cells, for the hours
const FAINTEST = 0.1; // of the colour

export function drawHeat(facts: Heat, size: Size): SVGSVGElement {
  const side = GAP * 2 + Math.max(0, ...facts.across.map(widthOf));
  const wide = (size.width - side - GAP) / Math.max(1, facts.labels.length);
  const high = (size.height - GAP - FOOT) / Math.max(1, facts.across.length);
  const most = Math.max(0.01, ...facts.cells.map(([, , value]) => value ?? 0));
  /** The middle of a column. */
  const x = (column: number): number => {
    const at = side + wide * (column + 0.5);
    return facts.rtl ? size.width - at : at;
  };
  const y = (row: number): number => GAP + high * (row + 0.5);
  const cells = facts.cells.flatMap(([column, row, value, text]) => {
    const depth = FAINTEST + (1 - FAINTEST) * ((value ?? 0) / most);
    const cell = svg("rect", {
      x: x(column) - wide / 2,
      y: y(row) - high / 2,
      width: wide,
      height: high,
      fill: "#0072b2",
      "fill-opacity": depth.toFixed(2),
      "data-says": `${facts.across[row] ?? ""} ${facts.labels[column] ?? ""}:00\n${text}`,
    });
    const short = text.split(" · ")[0] ?? "";
    if (widthOf(short) > wide - 4) return [cell];
    const said = wordsAt(short, x(column), y(row), "middle");
    said.classList.add("chart-over");
    return [cell, said];
  });
  const every = Math.ceil((widthOf("00") + 4) / wide); // hours that would touch are left out
  const hours = facts.labels
    .map((label, column) => wordsAt(label, x(column), size.height - FOOT / 2, "middle"))
    .filter((_, column) => column % every === 0);
  const days = facts.across.map((day, row) =>
    wordsAt(day, facts.rtl ? size.width - side + GAP : side - GAP, y(row), facts.rtl ? "left" : "right"),
  );
  const box = { width: size.width, height: size.height, viewBox: `0 0 ${size.width} ${size.height}` };
  return svg("svg", box, ...cells, ...hours, ...days);
}
