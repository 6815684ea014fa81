/** Each library that islands stand on, at work under the strict policy; `data-done` names those that drew something. */
import JsSIP from "jssip";
import Sortable from "sortablejs";
import uPlot from "uplot";
import { echarts } from "../../../crm_core/web/islands/charts_echarts.ts";
import { openWave } from "../../../crm_core/web/islands/player_wave.ts";

const part = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
};
const done = (name: string): void => {
  document.body.dataset["done"] = `${document.body.dataset["done"] ?? ""} ${name}`.trim();
};

Sortable.create(part("board"), { animation: 0, forceFallback: true, onEnd: () => done("sortable") });

new uPlot(
  { width: 300, height: 120, series: [{}, { stroke: "#066fd1" }], hooks: { draw: [() => done("uplot")] } },
  [[1, 2, 3], [4, 2, 5]],
  part("lines"),
);

const seconds = 2;
const peaks = [[0, 0.5, 1, 0.5, 0]];
const wave = openWave({ container: part("wave"), url: "/silence.wav", peaks, duration: seconds, height: 40 });
wave.on("ready", () => {
  done("wavesurfer");
  wave.setTime(seconds / 2);
});
wave.on("timeupdate", (at) => at === seconds / 2 && done("seek"));

const figures = [
  { name: "dialed", value: 5 },
  { name: "answered", value: 3 },
];
const axes = { xAxis: { type: "category", data: ["a", "b"] }, yAxis: {} };
const square = { xAxis: { type: "category" }, yAxis: { type: "category" }, visualMap: { min: 0, max: 5 } };
const drawings: [string, object][] = [
  ["bar", { ...axes, series: [{ type: "bar", data: figures }] }],
  ["heatmap", { ...square, series: [{ type: "heatmap", data: [["Mon", "9", 3], ["Tue", "10", 5]] }] }],
];
for (const [name, drawing] of drawings) {
  const chart = echarts.init(part(name), null, { renderer: "svg", width: 240, height: 160 });
  chart.on("finished", () => done(name));
  chart.setOption({ animation: false, aria: { enabled: true }, tooltip: {}, legend: {}, ...drawing });
}

if (JsSIP.URI.parse("sip:101@example.net")?.user === "101") done("jssip");
