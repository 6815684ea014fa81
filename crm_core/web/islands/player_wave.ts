/** Waveforms under the strict policy: wavesurfer's own sheet is a <style>, which `style-src 'self'` forbids. */
import WaveSurfer, { type WaveSurferOptions } from "wavesurfer.js";

/**
 * `WaveSurfer.create`, looking as it should. Give `url`, `peaks` and `duration` (s): with peaks nothing is fetched or
 * decoded here, and the sound comes by Range requests.
 */
export function openWave(options: WaveSurferOptions): WaveSurfer {
  const wave = WaveSurfer.create(options);
  const root = wave.getWrapper().getRootNode() as ShadowRoot;
  // assets/build.mjs has made the <style> a <template>; a sheet made by script is allowed.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(root.querySelector<HTMLTemplateElement>("template[data-sheet]")?.content.textContent ?? "");
  root.adoptedStyleSheets = [sheet];
  return wave;
}
