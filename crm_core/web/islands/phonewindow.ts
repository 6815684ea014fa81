/** The phone's own window: it is started here, and tells here how it is; who is on the line the push tells. */
import { Phone, phoneWord, type PhoneCredentials, type PhoneStatus } from "./phone.ts";
import { ask, Refused } from "./site_fetch.ts";

const MICROPHONE = "phone-microphone";
const SPEAKER = "phone-speaker";
const LEVEL_EVERY = 100; // ms

function part<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as Kind;
}

const box = part("phone");
const phone = new Phone(credentials);

/** A server that is named without user or password must not be given empty ones. */
async function credentials(): Promise<PhoneCredentials> {
  const given = await ask<PhoneCredentials>("POST", "/api/v1/phone");
  const servers = (given.ice_servers ?? []).map(
    (one) => Object.fromEntries(Object.entries(one).filter(([, value]) => value !== null)) as unknown as RTCIceServer,
  );
  return { ...given, ice_servers: servers };
}

async function start(take = false): Promise<void> {
  fault("");
  try {
    await phone.start(take);
  } catch (error) {
    fault(error instanceof Refused ? error.detail : phoneWord("offline"));
  }
}

function fault(text: string): void {
  const line = part("phone-fault");
  line.textContent = text;
  line.hidden = text === "";
}

// --- what it shows -------------------------------------------------------------------------------------------
phone.on("status", show);
show(phone.status);

function show(status: PhoneStatus): void {
  box.dataset["state"] = status.state;
  box.dataset["problem"] = status.problem ?? "";
  box.dataset["leg"] = status.call_id ?? "";
  part("phone-says").textContent = phoneWord(status.problem ?? status.state);
  part("phone-caller").textContent = status.caller ?? "";
  press("mute", status.muted);
  press("hold", status.held);
  const consult = part("phone-consult");
  consult.hidden = status.consultation === null;
  const says = part("phone-consult-says");
  says.textContent = status.consultation ? (says.dataset[status.consultation] ?? "") : "";
  part("conference").hidden = status.consultation === "conference";
  showParts();
}

function press(id: string, on: boolean): void {
  part(id).setAttribute("aria-pressed", String(on));
}

/** Parts by the phone's state (`data-when`), its problem, and whether somebody is on the line (`data-talking`). */
function showParts(): void {
  const { state, problem, talk } = box.dataset;
  for (const one of box.querySelectorAll<HTMLElement>("[data-when], [data-problem-is]")) {
    const { when, problemIs, talking } = one.dataset;
    one.hidden =
      (when !== undefined && when !== state) ||
      (problemIs !== undefined && problemIs !== problem) ||
      (talking !== undefined && talking !== talk);
  }
}

setInterval(() => (part<HTMLMeterElement>("level").value = phone.level()), LEVEL_EVERY);

// --- what is pressed -----------------------------------------------------------------------------------------
const PRESSED: Record<string, () => unknown> = {
  start: () => start(),
  take: () => start(true),
  answer: () => phone.answer(),
  refuse: () => phone.hangUp(),
  mute: () => phone.mute(!phone.status.muted),
  hold: () => phone.hold(!phone.status.held),
  conference: () => phone.conference(),
  "consult-end": () => phone.consultEnd(),
};
for (const [id, act] of Object.entries(PRESSED)) part(id).addEventListener("click", () => void act());
// Until now pressing it would have done nothing.
part<HTMLButtonElement>("start").disabled = false;
part("start").focus();
box.addEventListener("click", (event) => {
  const tone = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-tone]") : null;
  if (tone) phone.keys(tone.dataset["tone"] ?? "");
});

// --- devices -------------------------------------------------------------------------------------------------
choice("microphone", MICROPHONE, (device) => phone.chooseMicrophone(device));
choice("speaker", SPEAKER, (device) => phone.chooseSpeaker(device));
phone.on("devices", ({ microphones, speakers }) => {
  offer("microphone", microphones, MICROPHONE);
  offer("speaker", speakers, SPEAKER);
});

/** What was chosen once is chosen again in this browser. */
function choice(id: string, kept: string, choose: (device: string) => Promise<void>): void {
  part<HTMLSelectElement>(id).addEventListener("change", ({ target }) => {
    const { value } = target as HTMLSelectElement;
    localStorage.setItem(kept, value);
    choose(value).catch((error: unknown) => fault(error instanceof Error ? error.message : String(error)));
  });
  // A device that is not there today: the system's choice then.
  choose(localStorage.getItem(kept) ?? "").catch(() => localStorage.removeItem(kept));
}

function offer(id: string, devices: MediaDeviceInfo[], kept: string): void {
  const list = part<HTMLSelectElement>(id);
  const [first] = list.options;
  const named = devices.filter((device) => device.label && device.deviceId !== "default");
  list.replaceChildren(...(first ? [first] : []), ...named.map((device) => new Option(device.label, device.deviceId)));
  const wanted = localStorage.getItem(kept) ?? "";
  list.value = named.some((device) => device.deviceId === wanted) ? wanted : "";
}

// --- who is on the line --------------------------------------------------------------------------------------
interface Told {
  topic: string;
  key: string;
  state?: string;
}

function hear(told: Told): void {
  if (told.topic !== "agent" || told.key !== box.dataset["agent"]) return;
  const talk = told.state === "on_call" ? "person" : "none";
  const hasEnded = box.dataset["talk"] === "person" && talk === "none";
  box.dataset["talk"] = talk;
  showParts();
  // The next one must not be met with a muted or held line.
  if (hasEnded) void phone.callEnded();
}

document.addEventListener("trunkline:push", (event) => hear((event as CustomEvent<Told>).detail));
document.addEventListener("trunkline:live", (event) => (event as CustomEvent<Told[]>).detail.forEach(hear));
document.addEventListener("trunkline:live-state", (event) => {
  if ((event as CustomEvent<string>).detail === "out") phone.stop();
});
addEventListener("beforeunload", (event) => {
  if (box.dataset["talk"] === "person" && phone.status.state === "open") event.preventDefault();
});
