/** `<button data-copy="ID" data-copied="Copied">` puts the text of the element with that id on the clipboard. */
import { toast } from "./site_toasts.ts";

document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element && event.target.closest<HTMLElement>("button[data-copy]");
  const from = button && document.getElementById(button.dataset["copy"] ?? "");
  if (!button || !from) return;
  try {
    await navigator.clipboard.writeText(from.textContent ?? "");
    toast({ text: button.dataset["copied"] ?? "", kind: "good" });
  } catch {
    // Not over plain HTTP, or not allowed: marked, so that Ctrl+C takes it.
    getSelection()?.selectAllChildren(from);
    from.focus();
  }
});
