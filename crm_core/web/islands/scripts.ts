/**
 * The editor of scripts: line numbers with the faults marked, two texts behind tabs, from a fault or a box of the picture
 * to its line, and no change lost by leaving. Checking, running and talking are forms of the page.
 */
export {};

const form = document.querySelector<HTMLFormElement>("[data-editor]");
const LINE = 18; // px, as in scripts.css

function pane(part: string): HTMLElement | null {
  return document.getElementById(`pane-${part}`);
}

function area(part: string): HTMLTextAreaElement | null {
  return pane(part)?.querySelector("textarea") ?? null;
}

// --- line numbers ---
function number(text: HTMLTextAreaElement): void {
  const gutter = text.previousElementSibling;
  if (!gutter) return;
  const count = text.value.split("\n").length;
  while (gutter.childElementCount > count) gutter.lastElementChild?.remove();
  while (gutter.childElementCount < count) {
    const line = document.createElement("span");
    line.textContent = String(gutter.childElementCount + 1);
    gutter.append(line);
  }
  gutter.scrollTop = text.scrollTop;
}

function markFaults(): void {
  for (const line of document.querySelectorAll(".script-lines .is-faulty")) line.classList.remove("is-faulty");
  for (const fault of document.querySelectorAll<HTMLElement>("#checked [data-line]")) {
    const gutter = pane(fault.dataset["part"] ?? "script")?.querySelector(".script-lines");
    gutter?.children[Number(fault.dataset["line"]) - 1]?.classList.add("is-faulty");
  }
}

// --- from a fault or a box to its line ---
function show(part: string, line: number): void {
  choose(part);
  const text = area(part);
  if (!text || line < 1) return;
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  text.scrollTop = Math.max(0, (line - 1) * LINE - text.clientHeight / 3);
}

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  const found = event.target.closest<HTMLElement | SVGElement>("[data-line]");
  if (found?.closest("#checked, #runs, #picture")) show(found.dataset["part"] ?? "script", Number(found.dataset["line"]));
});

// --- tabs ---
const tabs = [...document.querySelectorAll<HTMLElement>('[role="tab"]')];

function choose(part: string): void {
  for (const tab of tabs) {
    const isThis = tab.id === `tab-${part}`;
    tab.setAttribute("aria-selected", String(isThis));
    tab.tabIndex = isThis ? 0 : -1;
    const other = document.getElementById(tab.getAttribute("aria-controls") ?? "");
    if (other) other.hidden = !isThis;
  }
  const text = area(part);
  if (text) number(text);
}

for (const tab of tabs) {
  tab.addEventListener("click", () => choose(tab.id.replace("tab-", "")));
  tab.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const next = tabs[(tabs.indexOf(tab) + 1) % tabs.length];
    next?.focus();
    next?.click();
  });
}

// --- what is not saved ---
const asSaved = new Map<string, string>();

function remember(): void {
  for (const part of ["script", "tests"]) asSaved.set(part, area(part)?.value ?? "");
}

function isChanged(): boolean {
  return [...asSaved].some(([part, text]) => area(part)?.value !== text);
}

addEventListener("beforeunload", (event) => {
  if (isChanged()) event.preventDefault();
});
document.addEventListener("htmx:before:request", (event) => {
  // A copy is kept on the server: leaving for it loses nothing. Deleting was confirmed.
  const source = event.target;
  leaving = source instanceof Element && source.matches("[data-saves], [hx-post$='/discard']");
});
let leaving = false;
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = (event as CustomEvent<{ ctx: { response?: { status?: number } } }>).detail;
  if (leaving && ctx.response?.status === 204) asSaved.clear();
});

document.addEventListener("htmx:after:swap", () => {
  markFaults();
  if (document.querySelector("#saved [data-saved]")) {
    document.querySelector("#saved [data-saved]")?.removeAttribute("data-saved");
    remember();
  }
  const talk = document.querySelector<HTMLElement>(".script-talk");
  if (talk) talk.scrollTop = talk.scrollHeight;
});
document.addEventListener("htmx:after:swap", (event) => {
  const target = event.target;
  if (target instanceof Element && target.closest("#talk")) document.getElementById("f-said")?.focus();
});

if (form) {
  for (const part of ["tests", "script"]) {
    const text = area(part);
    if (!text) continue;
    text.addEventListener("input", () => number(text));
    text.addEventListener("scroll", () => {
      if (text.previousElementSibling) text.previousElementSibling.scrollTop = text.scrollTop;
    });
    choose(part);
  }
  remember();
  markFaults();
}
