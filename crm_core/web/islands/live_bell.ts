/** The bell in the top bar: how many notices nobody has read; and, where the user wants it, on his desktop. */
import type { Push } from "./live_tabs.ts";
import { word, type Word } from "./site_words.ts";

/** A snapshot brings the latest so many. */
const MOST = 20;
const TITLES: Record<string, Word> = {
  task_given: "notice_task_given",
  callback_due: "notice_callback_due",
  deal_moved: "notice_deal_moved",
  deal_given: "notice_deal_given",
  import_finished: "notice_import_finished",
  import_failed: "notice_import_failed",
  campaign_stopped: "notice_campaign_stopped",
  webhook_off: "notice_webhook_off",
};

export class Bell {
  private readonly unread = new Set<string>();

  constructor() {
    offerDesktop();
  }

  reset(pushes: Push[]): void {
    this.unread.clear();
    pushes.forEach((push) => this.note(push));
    this.show();
  }

  hear(push: Push): void {
    if (push.topic !== "notice") return;
    const isNew = push["read_at"] === null && !this.unread.has(push.key);
    this.note(push);
    this.show();
    if (isNew) onDesktop(push);
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

/** Each tab hears of it; those with the same `tag` show as one. */
function onDesktop(push: Push): void {
  const title = TITLES[String(push["kind"])];
  if (!title || !("Notification" in window) || Notification.permission !== "granted" || document.hasFocus()) return;
  const shown = new Notification(word(title), { body: String(push["text"]), tag: `notice-${push.key}` });
  shown.onclick = () => {
    window.focus();
    location.assign(`/notifications/${push.key}/open`);
  };
}

/** The browser asks only when somebody has pressed a button; where he has answered there is nothing to press. */
function offerDesktop(): void {
  const isOpen = () => "Notification" in window && Notification.permission === "default";
  const offer = () => {
    for (const button of document.querySelectorAll<HTMLElement>("[data-notify-ask]")) button.hidden = !isOpen();
  };
  document.addEventListener("htmx:after:swap", offer);
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-notify-ask]");
    if (button && isOpen()) void Notification.requestPermission().then(offer);
  });
  offer();
}
