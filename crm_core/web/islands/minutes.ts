/**
 * Calls a minute of the last hour, as a line that moves. `<div data-series="[[seconds…],[dialed…],[people…]]">` is drawn,
 * and drawn anew when a swap has given it other figures; the page's language and zone come from #minutes-words.
 */
import uPlot from "uplot";

interface Words {
  time: string;
  dialed: string;
  people: string;
  language: string;
  zone: string;
}

const HEIGHT = 192; // px, with the legend below
const COLOURS = ["#0072b2", "#009e73"] as const; // Okabe and Ito; the lines also differ by their dashes

const place = document.getElementById("minutes");
const words = JSON.parse(document.getElementById("minutes-words")?.textContent ?? "{}") as Words;

function series(): uPlot.AlignedData {
  return JSON.parse(place?.dataset["series"] ?? "[[],[],[]]") as uPlot.AlignedData;
}

function clock(seconds: number): string {
  const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: words.zone } as const;
  return new Intl.DateTimeFormat(words.language, options).format(seconds * 1000);
}

/** What is pointed at, else the last minute: never a legend without figures. */
function pointedAt(plot: uPlot, figure: number | null, line: number): number {
  return figure ?? plot.data[line]?.at(-1) ?? 0;
}

function axis(target: HTMLElement): uPlot.Axis {
  // Computed, for a canvas knows neither variables nor light-dark().
  const { color: text, borderTopColor: line } = getComputedStyle(target);
  return { stroke: text, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
}

function made(target: HTMLElement): uPlot {
  const line = (label: string, stroke: string, dash: number[]): uPlot.Series => ({
    label,
    stroke,
    width: 2,
    dash,
    points: { show: false },
    value: (plot, figure, n) => String(pointedAt(plot, figure, n)),
  });
  const options: uPlot.Options = {
    width: target.clientWidth,
    height: HEIGHT - 32,
    scales: { x: { time: false }, y: { range: (_plot, _low, high) => [0, Math.max(5, high)] } },
    axes: [
      { ...axis(target), values: (_plot, at) => at.map(clock), space: 64, incrs: [300, 600, 900, 1800] },
      { ...axis(target), values: (_plot, counts) => counts.map((n) => (Number.isInteger(n) ? String(n) : "")), size: 40 },
    ],
    series: [
      { value: (plot, at) => clock(pointedAt(plot, at, 0)), label: words.time },
      line(words.dialed, COLOURS[0], []),
      line(words.people, COLOURS[1], [6, 3]),
    ],
    cursor: { drag: { x: false, y: false } },
  };
  return new uPlot(options, series(), target);
}

if (place) {
  let plot = made(place);
  let shown = place.dataset["series"];
  document.addEventListener("htmx:after:swap", () => {
    if (place.dataset["series"] === shown) return;
    shown = place.dataset["series"];
    plot.setData(series());
  });
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHT - 32 })).observe(place);
  // Another theme has other colours.
  new MutationObserver(() => {
    plot.destroy();
    plot = made(place);
  }).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
}
