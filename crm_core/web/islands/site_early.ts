/** What is pressed before htmx has taken the page over: on a slow machine a key or a click may come so early. */

const ACTS = "form, button, a";
const ASKS = "[hx-get], [hx-post], [hx-put], [hx-patch], [hx-delete]";

/** Without this the browser itself would send a form, to the page's own address, and what was typed would be gone. */
export function keepEarlyPresses(): void {
  let isReady = false;
  const whenReady: (() => void)[] = [];
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (isReady || !(form instanceof HTMLFormElement) || !form.matches(ASKS)) return;
    event.preventDefault();
    whenReady.push(() => form.requestSubmit(event.submitter));
  });
  document.addEventListener("click", (event) => {
    const pressed = event.target instanceof Element ? event.target.closest<HTMLElement>(ACTS) : null;
    if (isReady || !pressed?.matches(ASKS) || pressed instanceof HTMLFormElement) return;
    event.preventDefault();
    whenReady.push(() => pressed.click());
  });
  const ready = (event: Event): void => {
    if (event.target !== document.body) return; // only a part of the page
    document.removeEventListener("htmx:after:process", ready);
    isReady = true;
    whenReady.forEach((again) => again());
  };
  document.addEventListener("htmx:after:process", ready);
}
