/** The stream itself: it opens, notices when it has gone silent, and comes back, not all browsers at once. */
import type { Push } from "./live_tabs.ts";

/** on: it runs; wait: it opens; lost: it has failed several times; out: the session has ended. */
export type State = "on" | "wait" | "lost" | "out";
export type Told =
  | { kind: "snapshot"; pushes: Push[] }
  | { kind: "push"; pushes: Push[] }
  | { kind: "state"; state: State };

/** The server says something every 15 s. */
const SILENT_AFTER = 40_000; // ms
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
const LOST_AFTER = 3; // failures in a row
/** A server that restarts has all its browsers come back; they spread over so long. */
const SPREAD = 5_000;

export class Stream {
  private source: EventSource | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private again: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;

  constructor(
    private readonly address: string,
    private readonly tell: (told: Told) => void,
  ) {
    addEventListener("online", () => this.again !== undefined && this.open());
  }

  open(): void {
    this.close();
    this.say(this.failures >= LOST_AFTER ? "lost" : "wait");
    const source = (this.source = new EventSource(this.address));
    source.addEventListener("snapshot", (event) => {
      this.failures = 0;
      this.heard();
      this.tell({ kind: "snapshot", pushes: JSON.parse(event.data) as Push[] });
      this.say("on");
    });
    source.addEventListener("push", (event) => {
      this.heard();
      this.tell({ kind: "push", pushes: JSON.parse(event.data) as Push[] });
    });
    source.addEventListener("beat", () => this.heard());
    source.addEventListener("bye", (event) => this.bye((JSON.parse(event.data) as string[])[0] ?? ""));
    source.onerror = () => this.failed();
    this.heard();
  }

  close(): void {
    this.source?.close();
    this.source = undefined;
    clearTimeout(this.silence);
    clearTimeout(this.again);
    this.again = undefined;
  }

  private heard(): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.failed(), SILENT_AFTER);
  }

  private bye(why: string): void {
    this.close();
    if (why === "logged_out") return this.say("out");
    this.say("wait");
    this.later(Math.random() * (why === "restart" ? SPREAD : FIRST_WAIT));
  }

  /** The browser's own reconnecting is not used: it does not wait longer each time, and gives up on an error page. */
  private failed(): void {
    this.close();
    this.failures += 1;
    this.say(this.failures >= LOST_AFTER ? "lost" : "wait");
    const longest = Math.min(FIRST_WAIT * 2 ** this.failures, LONGEST_WAIT);
    this.later(longest / 2 + (Math.random() * longest) / 2);
  }

  private later(ms: number): void {
    this.again = setTimeout(() => this.open(), ms);
  }

  private say(state: State): void {
    this.tell({ kind: "state", state });
  }
}
