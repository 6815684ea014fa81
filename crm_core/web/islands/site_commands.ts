/**
 * `command="show-modal" commandfor="ID"` on a button, also in browsers that do not know it yet (Firefox before 144,
 * Safari before 26.2).
 */
import { showKeys } from "./site_keys_help.ts";

export function obeyCommands(): void {
  const isBuiltIn = "commandForElement" in HTMLButtonElement.prototype;
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest<HTMLButtonElement>("button[commandfor]");
    const id = button && !button.disabled ? button.getAttribute("commandfor") : null;
    const dialog = id && document.getElementById(id);
    if (!button || !(dialog instanceof HTMLDialogElement)) return;
    const command = button.getAttribute("command");
    if (id === "help") {
      event.preventDefault(); // Not opened before it is filled.
      showKeys();
    } else if (!isBuiltIn) {
      if (command === "show-modal") dialog.showModal();
      if (command === "close") dialog.close();
    }
  });
}
