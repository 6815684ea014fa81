/** Recordings: the picture from the server's peaks, speed, jumps; the transcript beside it follows and seeks. */
import { openWave } from "./player_wave.ts";

const SPEEDS = [1, 1.25, 1.5, 2, 0.75];
const JUMP = 5; // s

function setUp(figure: HTMLElement): void {
  if (figure.dataset["ready"]) return;
  figure.dataset["ready"] = "yes";
  const audio = figure.querySelector("audio");
  if (!audio) return;
  const tools = document.createElement("div");
  tools.className = "player-tools";
  tools.append(button("−5", () => (audio.currentTime -= JUMP)), button("+5", () => (audio.currentTime += JUMP)));
  const speed = button("1×", () => {
    const next = SPEEDS[(SPEEDS.indexOf(audio.playbackRate) + 1) % SPEEDS.length] ?? 1;
    audio.playbackRate = next;
    speed.textContent = `${next}×`;
  });
  tools.append(speed);
  figure.append(tools);
  follow(figure, audio);
  void drawWave(figure, audio);
}

function button(text: string, act: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn btn-sm";
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

async function drawWave(figure: HTMLElement, audio: HTMLAudioElement): Promise<void> {
  const address = figure.dataset["peaks"];
  if (!address) return;
  const answer = await fetch(address);
  if (!answer.ok) return; // the browser's own player is there
  const { peaks } = (await answer.json()) as { peaks: number[][] };
  if (!peaks[0]?.length) return;
  const container = document.createElement("div");
  container.className = "player-wave";
  figure.prepend(container);
  const style = getComputedStyle(document.documentElement);
  openWave({
    container,
    media: audio,
    peaks,
    duration: Number(figure.dataset["seconds"]),
    height: 32,
    splitChannels: peaks.map(() => ({ height: 32 })),
    waveColor: style.getPropertyValue("--quiet").trim() || "#888",
    progressColor: style.getPropertyValue("--tblr-link-color").trim() || "#06c",
    normalize: true,
  });
}

/** Sentences: the one being said is marked; a click on one plays it. */
function follow(figure: HTMLElement, audio: HTMLAudioElement): void {
  const call = figure.closest<HTMLElement>("[data-call]");
  const turns = [...(call?.querySelectorAll<HTMLElement>("[data-second]") ?? [])];
  for (const turn of turns) {
    turn.addEventListener("click", () => {
      audio.currentTime = Number(turn.dataset["second"]);
      void audio.play();
    });
  }
  begin(audio, turns);
  audio.addEventListener("timeupdate", () => {
    const said = turns.filter((turn) => Number(turn.dataset["second"]) <= audio.currentTime + 0.05).at(-1);
    for (const turn of turns) {
      const line = turn.closest("li");
      if (turn === said) line?.setAttribute("aria-current", "true");
      else line?.removeAttribute("aria-current");
    }
    if (!audio.paused) said?.scrollIntoView({ block: "nearest" });
  });
}

/** `?at=12.5`: whoever follows a link to a sentence hears that one first. */
function begin(audio: HTMLAudioElement, turns: HTMLElement[]): void {
  const at = Number(new URLSearchParams(location.search).get("at") ?? Number.NaN);
  if (!turns.length || !Number.isFinite(at) || at < 0) return;
  audio.currentTime = at;
  // A link leads half a second before the first word.
  const said = turns.filter((turn) => Number(turn.dataset["second"]) <= at + 1).at(-1);
  said?.closest("li")?.setAttribute("aria-current", "true");
  said?.scrollIntoView({ block: "center" });
}

function setUpAll(): void {
  for (const figure of document.querySelectorAll<HTMLElement>('[data-island="player"]')) setUp(figure);
}

document.addEventListener("htmx:after:swap", setUpAll);
setUpAll();
