/** Keys as they are written in `data-key`: `1`, `m`, `Enter`, `Ctrl+Enter`, `g t` (one after the other). */

/** `Ctrl+Shift+m`, `?`, `Enter`: what was meant, also where the keyboard writes Cyrillic or Arabic. */
export function strokeOf(event: KeyboardEvent): string {
  const key = latin(event);
  const modifiers = [];
  if (event.ctrlKey || event.metaKey) modifiers.push("Ctrl");
  if (event.altKey) modifiers.push("Alt");
  // Shift is part of a sign such as ?, but makes another key of a letter or of Enter.
  if (event.shiftKey && (key.length > 1 || /[a-z]/.test(key))) modifiers.push("Shift");
  return [...modifiers, key].join("+");
}

function latin({ key, code }: KeyboardEvent): string {
  if (key === " ") return "Space";
  if (key.length > 1) return key;
  if (/^[!-~]$/.test(key)) return key.toLowerCase();
  return (/^(?:Key|Digit|Numpad)([A-Z0-9])$/.exec(code)?.[1] ?? key).toLowerCase();
}

/** The spelling of `data-key` as strokes of `strokeOf`. */
export function strokesIn(spelling: string): string[] {
  return spelling.split(" ").filter(Boolean).map((one) => {
    const parts = one.split("+").filter(Boolean);
    const key = parts.pop() ?? "+";
    const modifiers = ["Ctrl", "Alt", "Shift"].filter((modifier) => parts.includes(modifier));
    return [...modifiers, key.length === 1 ? key.toLowerCase() : key].join("+");
  });
}
