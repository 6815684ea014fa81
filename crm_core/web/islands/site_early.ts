/** Forms sent before htmx has taken them over: on a slow machine a key or a click may come so early. */
import { htmx } from "./site_htmx.ts";

const tried = new WeakSet<HTMLFormElement>();

/** Without this the browser itself would send them, to the page's own address, and what was typed would be gone. */
export function catchEarlySubmits(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !(form instanceof HTMLFormElement) || !form.matches("[hx-post], [hx-get]")) return;
    event.preventDefault();
    if (tried.has(form)) return;
    tried.add(form);
    htmx.process(form);
    form.requestSubmit(event.submitter);
  });
}
