/** One tab leads, holds the stream and tells the others; when it closes, the browser makes another the leader. */
import type { State, Told } from "./live_stream.ts";

export interface Push {
  topic: string;
  key: string;
  gone?: boolean;
  [name: string]: unknown;
}

interface Part {
  /** This tab leads from now on; returns what ends that. */
  lead(tell: (told: Told) => void): () => void;
  snapshot(pushes: Push[]): void;
  push(push: Push): void;
  state(state: State): void;
}

/** Between tabs: what the stream told, a tab that has just come, and the answer to it (`to`). */
type Said = (Told & { to?: string }) | { kind: "hello"; from: string };

export class Tabs {
  private readonly me = crypto.getRandomValues(new Uint32Array(2)).join("-");
  private readonly channel: BroadcastChannel;
  private leads = false;
  /** What the leader knows, for tabs that come later: "topic:key" to its last state. */
  private readonly known = new Map<string, Push>();
  private last: State = "wait";

  constructor(
    private readonly name: string,
    private readonly part: Part,
  ) {
    this.channel = new BroadcastChannel(name);
    this.channel.onmessage = (event: MessageEvent<Said>) => this.heard(event.data);
  }

  /** Follow whoever leads; lead when nobody does. Where there are no locks (plain http), every tab leads for itself. */
  join(): void {
    if (!("locks" in navigator)) {
      this.part.lead((told) => this.take(told));
      return;
    }
    this.channel.postMessage({ kind: "hello", from: this.me } satisfies Said);
    void navigator.locks.request(this.name, () => this.leadUntilClosed());
  }

  private leadUntilClosed(): Promise<void> {
    this.leads = true;
    const end = this.part.lead((told) => {
      this.channel.postMessage(told);
      this.take(told);
    });
    return new Promise((done) => {
      // A page in the back-forward cache must not keep the stream from the tabs that are open.
      addEventListener("pagehide", () => {
        end();
        this.leads = false;
        done();
      }, { once: true });
      addEventListener("pageshow", (event) => event.persisted && this.join(), { once: true });
    });
  }

  private heard(said: Said): void {
    if (said.kind === "hello") {
      if (!this.leads || this.known.size === 0) return;
      this.channel.postMessage({ kind: "snapshot", pushes: [...this.known.values()], to: said.from } satisfies Said);
      this.channel.postMessage({ kind: "state", state: this.last, to: said.from } satisfies Said);
    } else if (said.to === undefined || said.to === this.me) {
      this.take(said);
    }
  }

  private take(told: Told): void {
    if (told.kind === "state") {
      this.last = told.state;
      this.part.state(told.state);
    } else if (told.kind === "snapshot") {
      this.known.clear();
      told.pushes.forEach((push) => this.keep(push));
      this.part.snapshot(told.pushes);
    } else {
      told.pushes.forEach((push) => {
        this.keep(push);
        this.part.push(push);
      });
    }
  }

  /** Only what is under way: a call that ended, and what a page's own list shows, is not kept. */
  private keep(push: Push): void {
    const at = `${push.topic}:${push.key}`;
    const isOver = push.gone === true || push["state"] === "ended" || push.topic === "task" || push.topic === "deal";
    if (isOver) this.known.delete(at);
    else this.known.set(at, push);
  }
}
