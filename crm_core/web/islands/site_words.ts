/**
 * What the site's scripts say. A page gives the words in its language in one place:
 * `<meta name="words" content='{"offline": "…"}'>`; what it leaves out is said in English.
 */
const ENGLISH = {
  keys_title: "Keys of this page",
  keys_search: "Search",
  keys_help: "This list",
  keys_single: "Single keys work (without Ctrl or Alt)",
  close: "Close",
  undo: "Undo",
  offline: "No connection. What you typed is still here; try again.",
  slow: "The server takes too long. What you typed is still here; try again.",
  refused: "You may not do that.",
  gone: "That is no longer there. Load the page again.",
  clash: "Somebody else changed it meanwhile. Load the page again.",
  busy: "Too many requests. Wait a moment and try again.",
  broken: "Something went wrong on the server. Try again; if it stays so, tell the administrator.",
  notice_task_given: "A task was handed to you",
  notice_callback_due: "It is time to call back",
  notice_deal_moved: "Your deal was moved",
  notice_deal_given: "A deal was given to you",
  notice_import_finished: "The import is finished",
  notice_import_failed: "The import failed",
  notice_campaign_stopped: "A campaign stopped by itself",
  notice_webhook_off: "A webhook was switched off",
};

export type Word = keyof typeof ENGLISH;

let given: Partial<Record<Word, string>> | undefined;

export function word(name: Word): string {
  given ??= read();
  return given[name] ?? ENGLISH[name];
}

function read(): Partial<Record<Word, string>> {
  const given = document.querySelector<HTMLMetaElement>('meta[name="words"]')?.content;
  return given ? (JSON.parse(given) as Partial<Record<Word, string>>) : {};
}
