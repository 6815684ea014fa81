/** The inbox of what was not understood: one button plays a sentence, a choice is sent at once. Rows and keys: rows.ts. */
export {};

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-play]") : null;
  const audio = button?.parentElement?.querySelector("audio");
  if (!audio) return;
  for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
  if (audio.paused) void audio.play();
  else audio.pause();
});

document.addEventListener("change", (event) => {
  const choice = event.target;
  if (choice instanceof HTMLSelectElement && choice.matches("[data-other]") && choice.value) choice.form?.requestSubmit();
});

// Enter would press the first intent, which nobody meant.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement) || event.target.name !== "said") return;
  event.preventDefault();
  event.target.form?.querySelector<HTMLElement>("[name=intent]")?.focus();
});
