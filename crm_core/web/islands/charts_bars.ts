/** Bars that lie: one row a label, side by side or stacked, growing the way the language is read. */
import { fitting, steps, svg, widthOf, wordsAt, type Bars, type Size } from "./charts_svg.ts";

// Told apart by people who see few colours (Okabe and Ito), and by the names in the legend.
const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"];
const GAP = 8; // px around the picture, and between words and bars
const THICKEST = 28; // px of a bar
const LEGEND = 24; // px of a line of the legend
const SWATCH = 14; // px

interface Room extends Size {
  top: number;
  /** Where bars begin and end, counted from the side where reading begins. */
  from: number;
  to: number;
  /** px of a row of bars. */
  band: number;
  most: number;
  rtl: boolean;
}

export function drawBars(facts: Bars, size: Size): SVGSVGElement {
  const isAlone = facts.series.length === 1;
  const legend = isAlone ? { parts: [], height: 0 } : legendOf(facts, size.width);
  const widest = Math.max(0, ...facts.labels.map(widthOf));
  const values = isAlone ? Math.max(0, ...(facts.series[0]?.texts ?? []).map(widthOf)) + GAP : 0;
  const top = GAP + legend.height;
  const room: Room = {
    ...size,
    top,
    from: GAP * 2 + Math.min(widest, size.width * 0.4),
    to: size.width - GAP - values,
    band: (size.height - top - GAP) / Math.max(1, facts.labels.length),
    most: most(facts),
    rtl: facts.rtl,
  };
  const rows = facts.labels.flatMap((label, row) => [
    wordsAt(fitting(label, room.from - GAP * 2), across(room, room.from - GAP), middle(room, row), room.rtl ? "left" : "right"),
    ...(facts.kind === "stacked" ? stacked(facts, row, room) : beside(facts, row, room)),
  ]);
  const box = { width: size.width, height: size.height, viewBox: `0 0 ${size.width} ${size.height}` };
  return svg("svg", box, ...lines(room), ...legend.parts, ...rows);
}

function most(facts: Bars): number {
  const of = (row: number): number[] => facts.series.map((one) => Math.max(0, one.values[row] ?? 0));
  const rows = facts.labels.map((_, row) =>
    facts.kind === "stacked" ? of(row).reduce((sum, value) => sum + value, 0) : Math.max(0, ...of(row)),
  );
  return Math.max(0, ...rows) || 1;
}

/** From the side where reading begins to the left edge. */
function across(room: Room, x: number): number {
  return room.rtl ? room.width - x : x;
}

function middle(room: Room, row: number): number {
  return room.top + room.band * (row + 0.5);
}

function lines(room: Room): SVGElement[] {
  return steps(room.most).map((value) => {
    const x = across(room, room.from + ((room.to - room.from) * value) / room.most);
    return svg("line", { x1: x, x2: x, y1: room.top, y2: room.height - 8, class: "chart-line" });
  });
}

function beside(facts: Bars, row: number, room: Room): SVGElement[] {
  const thick = Math.min(THICKEST, (room.band * 0.75) / facts.series.length);
  const first = middle(room, row) - (thick * facts.series.length) / 2;
  return facts.series.flatMap((one, n) => {
    const long = ((room.to - room.from) * Math.max(0, one.values[row] ?? 0)) / room.most;
    const parts: SVGElement[] = [bar(facts, row, n, room, room.from, long, first + thick * n, thick)];
    if (facts.series.length === 1) {
      const x = across(room, room.from + long + GAP / 2);
      parts.push(wordsAt(one.texts[row] ?? "", x, middle(room, row), room.rtl ? "right" : "left"));
    }
    return parts;
  });
}

function stacked(facts: Bars, row: number, room: Room): SVGElement[] {
  const thick = Math.min(THICKEST, room.band * 0.75);
  let from = room.from;
  return facts.series.map((one, n) => {
    const long = ((room.to - room.from) * Math.max(0, one.values[row] ?? 0)) / room.most;
    from += long;
    return bar(facts, row, n, room, from - long, long, middle(room, row) - thick / 2, thick);
  });
}

function bar(
  facts: Bars,
  row: number,
  n: number,
  room: Room,
  from: number,
  long: number,
  y: number,
  thick: number,
): SVGElement {
  const [one, label, link] = [facts.series[n], facts.labels[row] ?? "", facts.links?.[row]];
  const made = svg("rect", {
    x: across(room, room.rtl ? from + long : from),
    y,
    width: long,
    height: thick,
    fill: COLOURS[n % COLOURS.length] ?? "currentColor",
    "data-says": `${label}\n${one?.name ?? ""}: ${one?.texts[row] ?? ""}`,
  });
  if (!link) return made;
  // The table beside has the same link: the keyboard need not go through both.
  return svg("a", { href: link, tabindex: "-1" }, made);
}

/** The names of the series with their colours, in as many lines as they need. */
function legendOf(facts: Bars, width: number): { parts: SVGElement[]; height: number } {
  let [x, line] = [GAP, 0];
  const parts = facts.series.flatMap((one, n) => {
    const text = fitting(one.name, width - GAP * 2 - SWATCH);
    const wide = SWATCH + widthOf(text) + GAP * 3;
    if (x > GAP && x + wide > width) [x, line] = [GAP, line + 1];
    const at = facts.rtl ? width - x : x;
    const y = GAP + line * LEGEND + LEGEND / 2;
    x += wide;
    const fill = COLOURS[n % COLOURS.length] ?? "currentColor";
    return [
      svg("rect", { x: facts.rtl ? at - SWATCH : at, y: y - 5, width: SWATCH, height: 10, rx: 2, fill }),
      wordsAt(text, facts.rtl ? at - SWATCH - GAP : at + SWATCH + GAP, y, facts.rtl ? "right" : "left"),
    ];
  });
  return { parts, height: (line + 1) * LEGEND };
}
