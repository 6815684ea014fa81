/** Each library that islands stand on, at work under the strict policy; `data-done` names those that drew something. */
import JsSIP from "jssip";
import Sortable from "sortablejs";
import uPlot from "uplot";
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

if (JsSIP.URI.parse("sip:101@example.net")?.user === "101") done("jssip");
