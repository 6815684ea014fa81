/**
 * Focus is never lost by a swap. htmx finds an element with the same id again; for the rest: the same name, the same
 * key, or whatever stands in the same place now, and at last the swapped part itself.
 */

const CAN_HAVE_FOCUS =
  "a[href], button:not([disabled]), input:not([disabled]):not([type=hidden]), select:not([disabled]), " +
  "textarea:not([disabled]), summary, [tabindex]:not([tabindex='-1'])";

interface Place {
  name: string | null;
  key: string | undefined;
  index: number;
  inside: Element;
  /** Where the part stood, for a part that is replaced as a whole. */
  parent: Element | null;
  id: string;
}

export function keepFocus(): void {
  const places = new WeakMap<HtmxContext, Place>();
  document.addEventListener("htmx:before:swap", ({ detail: { ctx, tasks } }) => {
    const active = document.activeElement;
    const part = tasks
      .map(({ target }) => (typeof target === "string" ? document.querySelector(target) : target))
      .find((target) => target?.contains(active));
    if (active instanceof HTMLElement && active !== document.body && part) places.set(ctx, placeOf(active, part));
  });
  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    const place = places.get(ctx);
    places.delete(ctx);
    if (place && isLost()) find(place)?.focus({ preventScroll: true });
  });
}

function isLost(): boolean {
  const active = document.activeElement;
  return active === null || active === document.body || !active.isConnected;
}

function placeOf(active: HTMLElement, inside: Element): Place {
  return {
    name: active.getAttribute("name"),
    key: active.dataset["key"],
    index: focusables(inside).indexOf(active),
    inside,
    parent: inside.parentElement,
    id: inside.id,
  };
}

function find(place: Place): HTMLElement | null {
  const again = place.id ? document.getElementById(place.id) : null;
  const part = place.inside.isConnected ? place.inside : (again ?? place.parent);
  if (!part?.isConnected) return null;
  const there = focusables(part);
  return (
    (place.name && there.find((element) => element.getAttribute("name") === place.name)) ||
    (place.key && there.find((element) => element.dataset["key"] === place.key)) ||
    there[Math.min(place.index, there.length - 1)] ||
    itself(part)
  );
}

function focusables(part: Element): HTMLElement[] {
  const all = [...part.querySelectorAll<HTMLElement>(CAN_HAVE_FOCUS)];
  if (part instanceof HTMLElement && part.matches(CAN_HAVE_FOCUS)) all.unshift(part);
  return all.filter((element) => element.checkVisibility());
}

function itself(part: Element): HTMLElement | null {
  if (!(part instanceof HTMLElement)) return null;
  part.tabIndex = -1;
  return part;
}
