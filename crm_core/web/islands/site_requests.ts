/** What htmx asks: the word against forgery goes along, errors are said in one line, 401 leads to the log-in page. */
import { csrf, toLogIn } from "./site_fetch.ts";
import { toast } from "./site_toasts.ts";
import { word, type Word } from "./site_words.ts";

const OF_STATUS: Record<number, Word> = {
  403: "refused",
  404: "gone",
  409: "clash",
  410: "gone",
  412: "clash",
  429: "busy",
};

export function watchRequests(): void {
  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    ctx.request.headers["X-CSRF-Token"] = csrf();
  });
  document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => answered(ctx));
  document.addEventListener("htmx:error", ({ detail: { ctx, error } }) => {
    // Without a request it is a fault of the page; htmx has put it on the console.
    if (ctx && !ctx.response) sayLine(isTimeout(error, ctx) ? word("slow") : word("offline"));
  });
  document.addEventListener("htmx:before:response", clearLine);
  addEventListener("offline", () => sayLine(word("offline")));
  addEventListener("online", clearLine);
}

function answered(ctx: HtmxContext): void {
  const status = ctx.response?.status ?? 0;
  if (status === 401) {
    toLogIn();
    return;
  }
  const isHtml = (ctx.response?.headers.get("Content-Type") ?? "").startsWith("text/html");
  if (!isHtml) ctx.swap = "none"; // A problem as JSON or plain text is said, never put into the page.
  const isShown = isHtml && (status === 422 || handlesItself(ctx.sourceElement, status));
  if (!isShown) toast({ kind: "bad", text: plain(ctx) ?? word(OF_STATUS[status] ?? "broken") });
}

/** Whether the element says what to do with this status: hx-status:409, hx-status:40x or hx-status:4xx. */
function handlesItself(element: Element, status: number): boolean {
  const text = String(status);
  return [text, `${text.slice(0, 2)}x`, `${text[0]}xx`].some(
    (pattern) =>
      element.hasAttribute(`hx-status:${pattern}`) ||
      element.closest(`[hx-status\\:${CSS.escape(pattern)}\\:inherited]`) !== null,
  );
}

/** The server's own words: a problem's `detail`, a short plain text, or what an error page says. */
function plain(ctx: HtmxContext): string | undefined {
  const kind = ctx.response?.headers.get("Content-Type") ?? "";
  const text = ctx.text ?? "";
  if (/[/+]json\b/.test(kind)) {
    try {
      const { detail } = JSON.parse(text) as { detail?: string };
      return detail;
    } catch {
      return undefined;
    }
  }
  if (kind.startsWith("text/plain")) return text && text.length < 300 ? text : undefined;
  const page = new DOMParser().parseFromString(text, "text/html");
  return page.querySelector(".fault-detail, h1")?.textContent?.trim() || undefined;
}

function isTimeout(error: unknown, ctx: HtmxContext): boolean {
  return error === "timeout" || ctx.request.signal.reason === "timeout";
}

/** One line at the top that stays until something goes through again. */
function sayLine(text: string): void {
  let line = document.getElementById("offline");
  if (!line) {
    line = document.createElement("div");
    line.id = "offline";
    line.role = "alert";
    line.className = "site-offline alert alert-danger m-0 rounded-0";
    document.body.prepend(line);
  }
  line.hidden = false;
  if (line.textContent !== text) line.textContent = text;
}

function clearLine(): void {
  const line = document.getElementById("offline");
  if (line) line.hidden = true;
}
