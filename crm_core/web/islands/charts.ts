/**
 * Pictures of reports. `<div data-chart="ID">` is drawn from the JSON in `<script type="application/json" id="ID">`
 * (pages/reports_shown.py): texts come formatted from the server, colours from the page, so both themes fit.
 */
import { echarts } from "./charts_parts.ts";

interface Series {
  name: string;
  values: (number | null)[];
  texts: string[];
}

interface Bars {
  kind: "bars" | "stacked" | "funnel";
  labels: string[];
  series: Series[];
  rtl: boolean;
  /** Where each bar leads, "" for nowhere; the table beside has the same links. */
  links?: string[];
}

interface Heat {
  kind: "heat";
  labels: string[];
  across: string[];
  cells: [number, number, number | null, string][];
  rtl: boolean;
}

type Facts = Bars | Heat;
type Chart = ReturnType<typeof echarts.init>;

// Told apart by people who see few colours (Okabe and Ito), and by the names in the legend.
const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"];
const ROW = 28; // px of a bar
const drawn = new Map<HTMLElement, Chart>();

function colour(name: string, fallback: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || fallback;
}

function common(): Record<string, unknown> {
  const text = getComputedStyle(document.body).color;
  return {
    animation: false,
    color: COLOURS,
    textStyle: { color: text, fontFamily: getComputedStyle(document.body).fontFamily },
    // Rich text is drawn; HTML of its own would bring styles that the policy forbids.
    tooltip: { renderMode: "richText", confine: true },
  };
}

function axis(extra: Record<string, unknown>): Record<string, unknown> {
  const text = getComputedStyle(document.body).color;
  const line = colour("--tblr-border-color", "#8888");
  return {
    axisLabel: { color: text },
    axisLine: { lineStyle: { color: line } },
    splitLine: { lineStyle: { color: line } },
    ...extra,
  };
}

function bars(facts: Bars): Record<string, unknown> {
  const text = getComputedStyle(document.body).color;
  const isStacked = facts.kind === "stacked";
  const series = facts.series.map((one) => ({
    type: "bar",
    name: one.name,
    data: one.values,
    barMaxWidth: ROW,
    cursor: facts.links ? "pointer" : "default",
    ...(isStacked ? { stack: "all" } : {}),
    label: {
      show: facts.series.length === 1,
      position: facts.rtl ? "left" : "right",
      color: text,
      formatter: ({ dataIndex }: { dataIndex: number }) => one.texts[dataIndex] ?? "",
    },
    tooltip: {
      formatter: ({ dataIndex }: { dataIndex: number }) =>
        `${facts.labels[dataIndex] ?? ""}\n${one.name}: ${one.texts[dataIndex] ?? ""}`,
    },
  }));
  return {
    ...common(),
    grid: {
      containLabel: true,
      left: facts.rtl ? 72 : 8,
      right: facts.rtl ? 8 : 72,
      top: facts.series.length > 1 ? 40 : 8,
      bottom: 8,
    },
    legend: { show: facts.series.length > 1, type: "plain", top: 0, textStyle: { color: text } },
    // The first of the table on top, and bars that grow the way the language is read.
    yAxis: axis({ type: "category", data: facts.labels, inverse: true, position: facts.rtl ? "right" : "left" }),
    xAxis: axis({ type: "value", inverse: facts.rtl, axisLabel: { show: false } }),
    series,
  };
}

function heat(facts: Heat): Record<string, unknown> {
  const text = getComputedStyle(document.body).color;
  const shares = facts.cells.map(([, , value]) => value ?? 0);
  return {
    ...common(),
    tooltip: {
      renderMode: "richText",
      confine: true,
      formatter: ({ data }: { data: [number, number, number, string] }) =>
        `${facts.across[data[1]] ?? ""} ${facts.labels[data[0]] ?? ""}:00\n${data[3]}`,
    },
    grid: { containLabel: true, left: 8, right: 8, top: 8, bottom: 8 },
    xAxis: axis({ type: "category", data: facts.labels, inverse: facts.rtl, splitArea: { show: false } }),
    yAxis: axis({ type: "category", data: facts.across, inverse: true, position: facts.rtl ? "right" : "left" }),
    visualMap: {
      show: false,
      dimension: 2,
      min: 0,
      max: Math.max(0.01, ...shares),
      inRange: { color: ["#0072b21a", "#0072b2"] },
    },
    series: [
      {
        type: "heatmap",
        data: facts.cells,
        label: {
          show: facts.labels.length <= 14,
          color: text,
          textBorderColor: colour("--tblr-bg-surface", "#fff"),
          textBorderWidth: 3,
          formatter: ({ data }: { data: [number, number, number, string] }) => data[3].split(" · ")[0] ?? "",
        },
      },
    ],
  };
}

function read(place: HTMLElement): Facts | undefined {
  const facts = document.getElementById(place.dataset["chart"] ?? "")?.textContent;
  return facts ? (JSON.parse(facts) as Facts) : undefined;
}

function draw(place: HTMLElement): void {
  const facts = read(place);
  if (!facts) return;
  place.classList.toggle("report-chart-tall", facts.kind !== "heat" && facts.labels.length * facts.series.length > 20);
  const chart = drawn.get(place) ?? echarts.init(place, undefined, { renderer: "svg" });
  if (!drawn.has(place)) chart.on("click", ({ dataIndex }) => follow(place, dataIndex));
  drawn.set(place, chart);
  chart.resize();
  chart.setOption(facts.kind === "heat" ? heat(facts) : bars(facts), true);
}

function follow(place: HTMLElement, bar: number): void {
  const facts = read(place);
  const link = facts && facts.kind !== "heat" ? facts.links?.[bar] : undefined;
  if (link) location.assign(link);
}

function drawAll(): void {
  for (const [place, chart] of drawn) {
    if (place.isConnected) continue;
    chart.dispose();
    drawn.delete(place);
  }
  for (const place of document.querySelectorAll<HTMLElement>("[data-chart]")) if (!drawn.has(place)) draw(place);
}

const resized = new ResizeObserver(() => {
  for (const chart of drawn.values()) chart.resize();
});
resized.observe(document.getElementById("main") ?? document.body);
document.addEventListener("trunkline:theme", () => {
  for (const place of drawn.keys()) draw(place);
});
addEventListener("beforeprint", () => {
  for (const chart of drawn.values()) chart.resize();
});
document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-print]")) print();
});
// A filter swaps the report: new pictures come with it. What the pictures themselves change is not looked at twice.
new MutationObserver(drawAll).observe(document.getElementById("main") ?? document.body, { childList: true, subtree: true });
drawAll();
