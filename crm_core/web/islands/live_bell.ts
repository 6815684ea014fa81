/** The bell in the top bar: how many notices nobody has read. */
import type { Push } from "./live_tabs.ts";

/** A snapshot brings the latest so many. */
const MOST = 20;

export class Bell {
  private readonly unread = new Set<string>();

  reset(pushes: Push[]): void {
    this.unread.clear();
    pushes.forEach((push) => this.note(push));
    this.show();
  }

  hear(push: Push): void {
    if (push.topic !== "notice") return;
    this.note(push);
    this.show();
  }

  private note(push: Push): void {
    if (push.topic !== "notice") return;
    if (push["read_at"] === null) this.unread.add(push.key);
    else this.unread.delete(push.key);
  }

  private show(): void {
    const count = document.getElementById("bell-count");
    if (!count) return;
    const many = this.unread.size;
    count.hidden = many === 0;
    count.textContent = many >= MOST ? `${MOST}+` : String(many);
  }
}
