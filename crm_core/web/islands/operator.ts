/** The agent's page: what is pushed about him is asked for anew, clocks go on, keys of the phone reach its window. */
import { PhoneMirror } from "./phone_channel.ts";
import type { Command, PhoneStatus } from "./phone_types.ts";

const TICK = 500; // ms

const phone = new PhoneMirror();

function desk(): HTMLElement | null {
  return document.getElementById("desk");
}

/** Ask for the desk anew when a push is about this agent, or about the call he has. */
function isAboutMe(detail: { topic?: string; key?: string; agent_id?: number | null }): boolean {
  const me = desk()?.dataset["agent"];
  if (!me) return false;
  if (detail.topic === "agent") return detail.key === me;
  return detail.topic === "call" && (String(detail.agent_id) === me || detail.key === desk()?.dataset["call"]);
}

document.addEventListener("trunkline:push", ((event: CustomEvent<{ topic?: string; key?: string }>) => {
  if (isAboutMe(event.detail)) document.body.dispatchEvent(new CustomEvent("trunkline:desk"));
}) as EventListener);
// Whatever was missed while the stream was away is on the desk that is asked for now.
document.addEventListener("trunkline:live", () => document.body.dispatchEvent(new CustomEvent("trunkline:desk")));

// --- clocks --------------------------------------------------------------------------------------------------
function asClock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${two(minutes)}:${two(rest)}`;
}

function tick(): void {
  for (const clock of document.querySelectorAll<HTMLElement>(".desk-clock[data-since]")) {
    const until = clock.dataset["until"];
    const seconds = until
      ? (Date.parse(until) - Date.now()) / 1000
      : (Date.now() - Date.parse(clock.dataset["since"] ?? "")) / 1000;
    clock.textContent = asClock(seconds);
    clock.classList.toggle("desk-clock-late", Boolean(until) && seconds < 10);
  }
}
setInterval(tick, TICK);
document.addEventListener("htmx:after:swap", tick);
tick();

// --- the result ----------------------------------------------------------------------------------------------
document.addEventListener("change", showCallback);
document.addEventListener("htmx:after:swap", showCallback);
showCallback();

/** The fields of a callback are shown for the results that call back, and wanted there. */
function showCallback(): void {
  const fields = document.querySelector<HTMLElement>("[data-callback-fields]");
  if (!fields) return;
  fields.hidden = !document.querySelector("input[data-callback]:checked");
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const at = target?.closest<HTMLElement>("[data-callback-at]")?.dataset["callbackAt"];
  const field = document.querySelector<HTMLInputElement>("input[name=callback]");
  if (at && field) {
    field.value = at;
    document.querySelector<HTMLElement>("#result [type=submit]")?.focus(); // Enter saves
  }
  const keys = target?.closest<HTMLElement>("[data-keys]")?.dataset["keys"];
  if (keys) phone.send({ do: "keys", keys });
  const command = target?.closest<HTMLElement>("[data-command]")?.dataset["command"];
  if (command) phone.send({ do: command } as Command);
  const address = target?.closest<HTMLElement>("[data-open-phone]")?.dataset["openPhone"];
  if (address) window.open(address, "trunkline-phone", "popup,width=360,height=560");
});

// What was chosen in a window is under way: the desk behind it shows what comes of it.
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  const id = ctx.sourceElement instanceof HTMLElement ? ctx.sourceElement.dataset["closes"] : undefined;
  if (id && ctx.response && ctx.response.status < 400) (document.getElementById(id) as HTMLDialogElement | null)?.close();
});

// --- the phone's state ----------------------------------------------------------------------------------------
phone.on("status", showPhone);
showPhone(phone.status);

function showPhone(status: PhoneStatus): void {
  const bar = document.getElementById("phone-bar");
  if (!bar) return;
  bar.dataset["state"] = status.state;
  bar.dataset["problem"] = status.problem ?? "";
  const words = JSON.parse(bar.dataset["words"] ?? "{}") as Record<string, string>;
  const isNowhere = status.state === "off" && status.problem === null;
  part("phone-state").textContent = (isNowhere ? bar.dataset["other"] : words[status.problem ?? status.state]) ?? "";
  for (const one of bar.querySelectorAll<HTMLElement>("[data-phone]")) {
    const when = one.dataset["phone"];
    one.hidden = when === "consult" ? status.consultation === null : when !== status.state;
  }
  part<HTMLInputElement>("consult-channel").value = status.consult_id ?? "";
  press("toggle_mute", status.muted);
  press("toggle_hold", status.held);
}

function part<Kind extends HTMLElement>(id: string): Kind {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as Kind;
}

function press(command: string, on: boolean): void {
  document.querySelector(`[data-command=${command}]`)?.setAttribute("aria-pressed", String(on));
}
