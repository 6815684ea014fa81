/** Hints on one's first page, until they are closed: kept in this browser for each user. */
const KEY = "trunkline.hints";

export function showHints(): void {
  const hints = document.querySelector<HTMLElement>("[data-hints]");
  const user = hints?.dataset["hints"] ?? "";
  if (!hints || closedBy().includes(user)) return;
  hints.hidden = false;
  hints.querySelector("[data-hints-close]")?.addEventListener("click", () => {
    hints.remove();
    try {
      localStorage.setItem(KEY, JSON.stringify([...closedBy(), user]));
    } catch {
      // A browser that keeps nothing shows them again.
    }
    document.getElementById("main")?.focus();
  });
}

function closedBy(): unknown[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}
