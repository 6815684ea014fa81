/** The registration at the switch: up, gone and up again, and every call that comes over it. */
import { UA, WebSocketInterface } from "jssip";
import type { IncomingRTCSessionEvent, RTCSessionEvent } from "jssip/lib/UA";
import type { PhoneCredentials } from "./phone_types.ts";

/** Seconds. The switch forgets a browser at once when its connection ends; this is for one that ends without a word. */
const EXPIRES = 300;
const AGAIN_MS = 3000;

export interface LineEvents {
  registered(): void;
  /** The connection is gone; it is tried again by itself. */
  offline(): void;
  /** The switch does not take the secret (any more). */
  refused(): void;
  call(event: IncomingRTCSessionEvent): void;
}

export class Line {
  readonly #agent: UA;
  #ended = false;

  constructor({ url, phone, secret }: PhoneCredentials, events: LineEvents) {
    const host = new URL(url).hostname;
    const agent = new UA({
      sockets: new WebSocketInterface(url),
      uri: `sip:${phone}@${host}`,
      password: secret,
      register_expires: EXPIRES,
      session_timers: false,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 8,
      user_agent: "Trunkline",
    });
    const unless = (act: () => void): void => {
      if (!this.#ended) act();
    };
    agent.on("registered", () => unless(events.registered));
    agent.on("disconnected", () => unless(events.offline));
    agent.on("registrationFailed", ({ response }) => {
      const code = response?.status_code ?? 0;
      const isRefused = code === 401 || code === 403 || code === 404;
      unless(isRefused ? events.refused : events.offline);
      // JsSIP registers again after a reconnect, but not after a switch that was too busy to answer.
      if (!isRefused) setTimeout(() => unless(() => agent.isConnected() && agent.register()), AGAIN_MS);
    });
    agent.on("newRTCSession", (event: RTCSessionEvent) => {
      if (String(event.originator) === "remote") unless(() => events.call(event as IncomingRTCSessionEvent));
    });
    this.#agent = agent;
    agent.start();
  }

  /** Hang up what is on the line, unregister, disconnect. What is said goes out even while the page is being closed. */
  stop(): void {
    this.#ended = true;
    this.#agent.stop();
  }
}
