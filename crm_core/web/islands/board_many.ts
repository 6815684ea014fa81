/** The list: how many are ticked, and what can be done to them. */
export function watchMany(): void {
  document.addEventListener("change", show);
  document.addEventListener("htmx:after:swap", show);
  show();
}

function show(): void {
  const form = document.querySelector<HTMLFormElement>("#many");
  const count = form?.querySelector<HTMLElement>("[data-many-count]");
  const tools = form?.querySelector<HTMLElement>("[data-many-tools]");
  if (!form || !count || !tools) return;
  const ticked = document.querySelectorAll('input[name="ids"]:checked').length;
  tools.hidden = ticked === 0;
  const text = ticked ? String(ticked) : (count.dataset["none"] ?? "");
  if (count.textContent !== text) count.textContent = text;
  const stage = form.querySelector<HTMLSelectElement>('[name="stage"]')?.selectedOptions[0];
  const reason = form.querySelector<HTMLSelectElement>("[data-many-reason]");
  if (!reason) return;
  reason.hidden = stage?.dataset["kind"] !== "lost";
  reason.disabled = reason.hidden;
}
