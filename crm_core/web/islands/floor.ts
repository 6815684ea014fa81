/** Supervisor and wallboard: asked for anew when something on the floor has changed, once a second at most. */

const EVERY = 1000; // ms
const TOPICS = new Set(["agent", "call", "campaign"]);

let waits: ReturnType<typeof setTimeout> | undefined;
let asked = 0;

function ask(): void {
  waits = undefined;
  asked = Date.now();
  document.body.dispatchEvent(new CustomEvent("trunkline:floor"));
}

function stir(): void {
  waits ??= setTimeout(ask, Math.max(0, asked + EVERY - Date.now()));
}

document.addEventListener("trunkline:push", ((event: CustomEvent<{ topic: string }>) => {
  if (TOPICS.has(event.detail.topic)) stir();
}) as EventListener);
document.addEventListener("trunkline:live", stir);

/** Old figures must not look like new ones. */
document.addEventListener("trunkline:live-state", ((event: CustomEvent<string>) => {
  const floor = document.getElementById("floor");
  floor?.classList.toggle("floor-stale", event.detail === "lost" || event.detail === "out");
}) as EventListener);

// --- clocks --------------------------------------------------------------------------------------------------
function asClock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

function tick(): void {
  for (const clock of document.querySelectorAll<HTMLElement>("[data-since]")) {
    clock.textContent = asClock((Date.now() - Date.parse(clock.dataset["since"] ?? "")) / 1000);
  }
}

setInterval(tick, 500);
document.addEventListener("htmx:after:swap", tick);
tick();
