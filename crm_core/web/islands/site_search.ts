/**
 * The search box: arrows lead from the field into what was found and back, Escape empties it. What is found is a list of
 * links (`#search-found a`), so Tab and Enter work by themselves.
 */
export function walkSearch(): void {
  document.addEventListener("keydown", (event) => {
    const field = document.querySelector<HTMLInputElement>("[data-search]");
    const found = document.getElementById("search-found");
    if (!field || !found || event.ctrlKey || event.altKey || event.metaKey) return;
    const links = [...found.querySelectorAll<HTMLAnchorElement>("a")];
    const at = links.indexOf(document.activeElement as HTMLAnchorElement);
    if (document.activeElement !== field && at < 0) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && links.length) {
      event.preventDefault();
      (at + step < 0 ? field : links[Math.min(at + step, links.length - 1)])?.focus();
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (at >= 0) field.focus();
      field.value = "";
      found.replaceChildren();
    }
  });
}
