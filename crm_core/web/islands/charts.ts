/**
 * Pictures of reports. `<div data-chart="ID">` is drawn as SVG from the JSON in `<script type="application/json" id="ID">`
 * (pages/reports_shown.py): texts come formatted from the server; colours of lines and words are the page's own
 * (reports.css), so both themes and paper fit. Drawn by ourselves: a library for bars and a grid of hours weighed 164 kB.
 */
import { drawBars } from "./charts_bars.ts";
import { drawHeat } from "./charts_heat.ts";
import { tell, type Bars, type Heat } from "./charts_svg.ts";

const drawn = new WeakSet<HTMLElement>();

function read(place: HTMLElement): Bars | Heat | undefined {
  const facts = document.getElementById(place.dataset["chart"] ?? "")?.textContent;
  return facts ? (JSON.parse(facts) as Bars | Heat) : undefined;
}

function draw(place: HTMLElement): void {
  const facts = read(place);
  if (!facts) return;
  place.classList.toggle("report-chart-tall", facts.kind !== "heat" && facts.labels.length * facts.series.length > 20);
  const size = { width: place.clientWidth, height: place.clientHeight };
  if (!size.width || !size.height) return; // not to be seen yet: the observer comes back
  const picture = facts.kind === "heat" ? drawHeat(facts, size) : drawBars(facts, size);
  place.querySelector("svg")?.remove();
  place.prepend(picture);
}

/** A picture is as wide as its place: drawn when the place is first seen, and anew when it changes. */
const resized = new ResizeObserver((places) => {
  for (const { target } of places) draw(target as HTMLElement);
});

function drawAll(): void {
  for (const place of document.querySelectorAll<HTMLElement>("[data-chart]")) {
    if (drawn.has(place)) continue;
    drawn.add(place);
    tell(place);
    draw(place);
    resized.observe(place);
  }
}

addEventListener("beforeprint", () => {
  for (const place of document.querySelectorAll<HTMLElement>("[data-chart]")) draw(place);
});
document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-print]")) print();
});
// A filter swaps the report: new pictures come with it. What the pictures themselves change is not looked at twice.
new MutationObserver(drawAll).observe(document.getElementById("main") ?? document.body, { childList: true, subtree: true });
drawAll();
