/**
 * Bars of reports, by Chart.js. `<div data-chart="ID">` gets a canvas, drawn from the JSON in `<script
 * type="application/json" id="ID">` (pages/reports_shown.py): texts come formatted from the server; colours of lines and
 * words are those of the place (reports.css). A week of hours is a table of the page's own.
 */
import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  Legend,
  LinearScale,
  Tooltip,
  type ActiveElement,
  type ChartConfiguration,
  type ChartOptions,
  type TooltipItem,
} from "chart.js";

interface Bars {
  kind: "bars" | "stacked" | "funnel";
  labels: string[];
  series: { name: string; values: (number | null)[]; texts: string[] }[];
  rtl: boolean;
  /** Where each bar leads, "" for nowhere; the table beside has the same links. */
  links?: string[];
}

type Side = NonNullable<NonNullable<ChartOptions<"bar">["scales"]>[string]>;

// Told apart by people who see few colours (Okabe and Ito), and by the names in the legend.
const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"];
const GAP = 16; // px, between words and bars and around them
const PAPER = { width: 680, dots: 3 }; // px between the margins of A4, and dots for each of them

Chart.register(BarController, BarElement, CategoryScale, Legend, LinearScale, Tooltip);
const drawn = new Map<HTMLElement, Chart<"bar", (number | null)[], string>>();
let isPaper = false;

/** Names of rows, or their figures, at a side; Chart.js would cut off what is longer than a quarter of the picture. */
function side(texts: string[], position: "left" | "right", stacked: boolean): Side {
  return {
    type: "category",
    axis: "y",
    labels: texts,
    offset: true,
    position,
    stacked,
    grid: { display: false },
    border: { display: false },
    ticks: {
      autoSkip: false,
      callback(_value, n) {
        return fitting(texts[n] ?? "", this.chart);
      },
    },
    afterFit: (scale) => {
      const widest = Math.max(0, ...texts.map((text) => widthOf(fitting(text, scale.chart), scale.chart)));
      scale.width = Math.max(scale.width, widest + GAP);
    },
  };
}

/** As much of a text as two fifths of the picture hold; it is read in its own direction. */
function fitting(text: string, chart: Chart): string {
  const letters = [...text];
  let short = text;
  while (letters.length > 1 && widthOf(short, chart) > chart.width * 0.4) {
    letters.pop();
    short = `${letters.join("").trimEnd()}…`;
  }
  return own(short);
}

/** In px. */
function widthOf(text: string, { ctx }: Chart): number {
  ctx.font = `${Chart.defaults.font.size ?? 12}px ${Chart.defaults.font.family ?? ""}`;
  return ctx.measureText(text).width;
}

function own(text: string): string {
  return `\u2068${text}\u2069`; // Unicode's first strong isolate
}

function wanted(facts: Bars): ChartConfiguration<"bar", (number | null)[], string> {
  const stacked = facts.kind === "stacked";
  const [first, ...others] = facts.series;
  const linkOf = ([bar]: ActiveElement[]): string => (bar && facts.links?.[bar.index]) || "";
  const says = (bar: TooltipItem<"bar">): string => {
    const one = facts.series[bar.datasetIndex];
    return ` ${one?.name ?? ""}: ${own(one?.texts[bar.dataIndex] ?? "")}`;
  };
  const direction = { rtl: facts.rtl, textDirection: facts.rtl ? "rtl" : "ltr" };
  const [begins, ends] = facts.rtl ? (["right", "left"] as const) : (["left", "right"] as const);
  return {
    type: "bar",
    data: {
      labels: facts.labels,
      datasets: facts.series.map(({ name, values }, n) => ({
        label: name,
        data: values,
        backgroundColor: COLOURS[n % COLOURS.length] ?? "",
        maxBarThickness: 28,
        categoryPercentage: 0.8,
        barPercentage: 1,
      })),
    },
    options: {
      indexAxis: "y",
      animation: false,
      maintainAspectRatio: false,
      ...(isPaper ? { devicePixelRatio: PAPER.dots } : {}),
      interaction: { mode: "index", axis: "y", intersect: false },
      scales: {
        x: {
          min: 0,
          bounds: "data",
          stacked,
          reverse: facts.rtl,
          ticks: { display: false, maxTicksLimit: 6 },
          border: { display: false },
        },
        y: side(facts.labels, begins, stacked),
        // One series says its figures, row by row.
        ...(first && others.length === 0 ? { figures: side(first.texts, ends, stacked) } : {}),
      },
      plugins: {
        legend: {
          display: others.length > 0,
          align: "start",
          ...direction,
          labels: { boxWidth: 14, boxHeight: 10 },
          onClick: () => undefined, // What only a pointer could do is not done.
        },
        tooltip: { ...direction, callbacks: { label: says } },
      },
      // The table beside has the same link: the keyboard need not go through both.
      onClick: ({ native }, bars) => {
        const link = linkOf(bars);
        if (link && native instanceof MouseEvent && (native.ctrlKey || native.metaKey)) open(link);
        else if (link) location.assign(link);
      },
      onHover: (_event, bars, { canvas }) => {
        canvas.style.cursor = linkOf(bars) ? "pointer" : "";
      },
    },
  };
}

/** Computed, for a canvas knows no variables; paper is white whatever the theme. */
function takeColours(place: HTMLElement): void {
  const { fontFamily, color, borderTopColor, backgroundColor } = getComputedStyle(place);
  const [text, line, ground] = isPaper ? ["#000", "#ccc", "#fff"] : [color, borderTopColor, backgroundColor];
  Chart.defaults.font.family = fontFamily;
  Object.assign(Chart.defaults, { color: text, borderColor: line });
  const tip = { backgroundColor: ground, titleColor: text, bodyColor: text, borderColor: line, borderWidth: 1 };
  Object.assign(Chart.defaults.plugins.tooltip, tip);
}

function drawAll(): void {
  for (const [place, chart] of drawn) {
    if (place.isConnected) continue;
    chart.destroy();
    drawn.delete(place);
  }
  for (const place of document.querySelectorAll<HTMLElement>("[data-chart]")) {
    const text = document.getElementById(place.dataset["chart"] ?? "")?.textContent;
    if (drawn.has(place) || !text) continue;
    const facts = JSON.parse(text) as Bars;
    place.classList.toggle("report-chart-tall", facts.labels.length * facts.series.length > 20);
    const canvas = document.createElement("canvas");
    place.replaceChildren(canvas);
    takeColours(place);
    const chart = new Chart(canvas, wanted(facts));
    if (isPaper) chart.resize(PAPER.width, chart.height);
    drawn.set(place, chart);
  }
}

/** From the beginning, for a picture keeps the colours it began with. */
function drawAnew(): void {
  for (const chart of drawn.values()) chart.destroy();
  drawn.clear();
  drawAll();
}

for (const moment of ["beforeprint", "afterprint"]) {
  addEventListener(moment, () => {
    isPaper = moment === "beforeprint";
    drawAnew();
  });
}
document.addEventListener("trunkline:theme", drawAnew);
document.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  for (const chart of drawn.values()) {
    chart.tooltip?.setActiveElements([], { x: 0, y: 0 });
    chart.render();
  }
});
document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-print]")) print();
});
// A filter swaps the report: new pictures come with it.
new MutationObserver(drawAll).observe(document.getElementById("main") ?? document.body, { childList: true, subtree: true });
drawAll();
