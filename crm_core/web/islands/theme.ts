/**
 * Light, dark, or as the system has it. Loaded in <head> as a plain script (no module, no defer), so that the first
 * paint is right. What was chosen lies in localStorage (this browser) and in the cookie `theme`, from which the server
 * renders `<html data-theme-choice>`.
 */
{
  const KEY = "trunkline.theme";
  const CHOICES = new Set(["light", "dark", "auto"]);
  const root = document.documentElement;
  const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

  const chosen = (): string => {
    let kept: string | null = null;
    try {
      kept = localStorage.getItem(KEY);
    } catch {
      // A browser that keeps nothing: the server's word stands.
    }
    const said = kept ?? root.dataset["themeChoice"] ?? "auto";
    return CHOICES.has(said) ? said : "auto";
  };

  const show = (): void => {
    const choice = chosen();
    const isDark = choice === "auto" ? systemIsDark.matches : choice === "dark";
    root.dataset["bsTheme"] = isDark ? "dark" : "light";
    for (const button of document.querySelectorAll<HTMLElement>("button[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset["themeChoice"] === choice));
    }
    document.dispatchEvent(new CustomEvent("trunkline:theme", { detail: { choice, isDark } }));
  };

  show();
  systemIsDark.addEventListener("change", show);
  addEventListener("storage", (event) => event.key === KEY && show());
  document.addEventListener("DOMContentLoaded", show);
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest<HTMLElement>("button[data-theme-choice]");
    const choice = button ? (button.dataset["themeChoice"] ?? "") : "";
    if (!CHOICES.has(choice)) return;
    event.preventDefault(); // It is a form's button for whoever has no script.
    root.dataset["themeChoice"] = choice;
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // Then the cookie alone keeps it.
    }
    document.cookie = `theme=${choice}; path=/; max-age=31536000; samesite=lax`;
    show();
  });
}
