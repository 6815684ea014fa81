/** `<time datetime data-relative>` goes on: "4 min ago" becomes "5 min ago" without asking the server. */

const EACH = 30_000; // ms
// The server's own rule (pages/formats.py): the largest unit that is whole at least once.
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

type Say = (count: number, unit: Intl.RelativeTimeFormatUnit) => string;

export function refreshTimes(): void {
  const say = sayIn(document.documentElement.lang);
  if (!say) return;
  setInterval(() => refresh(say, Date.now()), EACH);
  document.addEventListener("visibilitychange", () => document.hidden || refresh(say, Date.now()));
}

/** None for a language the browser does not know: it would fall into another one, so the server's words stay. */
function sayIn(language: string): Say | undefined {
  if (language === "uz") return inUzbek;
  if (!language || !Intl.RelativeTimeFormat.supportedLocalesOf(language).length) return undefined;
  // As on the server: British English.
  const locale = language === "en" ? "en-GB" : language;
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "always", style: "short" });
  return (count, unit) => format.format(count, unit);
}

/** Chromium says that it knows Uzbek, and writes "-6 min". These are CLDR's words. */
function inUzbek(count: number, unit: Intl.RelativeTimeFormatUnit): string {
  const word = UZBEK[unit] ?? unit;
  return count < 0 ? `${-count} ${word} oldin` : `${count} ${word}dan keyin`;
}

const UZBEK: Partial<Record<Intl.RelativeTimeFormatUnit, string>> = {
  year: "yil",
  month: "oy",
  week: "hafta",
  day: "kun",
  hour: "soat",
  minute: "daqiqa",
  second: "soniya",
};

function refresh(say: Say, now: number): void {
  for (const element of document.querySelectorAll<HTMLTimeElement>("time[data-relative]")) {
    const seconds = (Date.parse(element.dateTime) - now) / 1000;
    if (Number.isNaN(seconds)) continue;
    const said = relative(say, seconds);
    if (element.textContent !== said) element.textContent = said;
  }
}

function relative(say: Say, seconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  const count = Math.round(Math.abs(seconds) / length);
  return say(seconds < 0 ? -count : count, unit);
}
