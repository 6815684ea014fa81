/** Dragging by SortableJS: cards go from column to column; within one they stay in the order of their making. */
import Sortable from "sortablejs";

type Carry = (deal: HTMLElement, stage: string, undo?: () => void) => Promise<void>;

/** Make every column of the board take cards that are dragged there; columns that do already are left alone. */
export function sortable(move: Carry): void {
  for (const column of document.querySelectorAll<HTMLElement>("[data-can-move] [data-column]")) {
    if (Sortable.get(column)) continue;
    Sortable.create(column, {
      group: "deals",
      sort: false,
      draggable: "[data-deal]",
      filter: "button, input",
      preventOnFilter: false,
      ghostClass: "deal-ghost",
      delay: 150,
      delayOnTouchOnly: true,
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
      onEnd: ({ item, from, to, oldIndex }) => {
        if (from === to) return;
        const stage = to.dataset["column"];
        if (stage) void move(item, stage, () => back(item, from, oldIndex));
      },
    });
  }
}

function back(card: HTMLElement, column: HTMLElement, index: number | undefined): void {
  column.insertBefore(card, column.children[index ?? 0] ?? null);
}
