/** One SIP session of the phone, incoming always: the switch calls the browser, the browser calls nobody. */
import type { IncomingRequest } from "jssip/lib/SIPMessage";
import type { EndEvent, RTCSession } from "jssip/lib/RTCSession";

/** What a leg is for, as the switch says in the header X-Trunkline ("parked op-1f…"): nobody outside can set that. */
export type Purpose = "parked" | "consult" | "call";

/** Later candidates of a machine with many networks are not waited for. */
const AFTER_FIRST_CANDIDATE_MS = 50;
const TONE_MS = 100;

export interface LegEvents {
  up(): void;
  media(stream: MediaStream): void;
  ended(by: "ours" | "theirs" | "failed", cause: string): void;
}

export class Leg {
  readonly purpose: Purpose;
  readonly id: string | null;
  readonly caller: string;
  remote: MediaStream | null = null;
  #track: MediaStreamTrack | null = null;
  #muted = false;

  constructor(
    readonly session: RTCSession,
    request: IncomingRequest,
    events: LegEvents,
  ) {
    const [purpose, id] = (request.getHeader("X-Trunkline") ?? "").split(" ");
    this.purpose = purpose === "parked" || purpose === "consult" ? purpose : "call";
    this.id = id || null;
    this.caller = request.from.display_name || request.from.uri.user || "";
    session.on("peerconnection", ({ peerconnection }) => {
      peerconnection.addEventListener("track", (event) => {
        this.remote = event.streams[0] ?? new MediaStream([event.track]);
        events.media(this.remote);
      });
    });
    session.on("icecandidate", ({ candidate, ready }) => {
      if (candidate.type === "host") setTimeout(ready, AFTER_FIRST_CANDIDATE_MS);
    });
    session.on("confirmed", () => events.up());
    const ended = (by: "ours" | "theirs" | "failed") => (event: EndEvent) => {
      this.#track?.stop();
      const side = String(event.originator) === "local" ? "ours" : "theirs";
      events.ended(by === "failed" && event.cause !== "Canceled" ? "failed" : side, event.cause);
    };
    session.on("ended", ended("ours"));
    session.on("failed", ended("failed"));
  }

  get isUp(): boolean {
    return this.session.isEstablished();
  }

  get isHeld(): boolean {
    return this.session.isOnHold().local;
  }

  /** Answer with a copy of the microphone, so that muting this leg mutes nothing else. */
  answer(microphone: MediaStreamTrack, iceServers: RTCIceServer[]): void {
    this.#track = microphone.clone();
    this.#track.enabled = !this.#muted;
    this.session.answer({ mediaStream: new MediaStream([this.#track]), pcConfig: { iceServers } });
  }

  /** Send another track from now on: another microphone, or a mix. */
  async send(source: MediaStreamTrack): Promise<void> {
    const sender = this.#sender();
    if (!sender) return;
    const track = source.clone();
    track.enabled = !this.#muted;
    await sender.replaceTrack(track);
    this.#track?.stop();
    this.#track = track;
  }

  mute(on: boolean): void {
    this.#muted = on;
    if (this.#track) this.#track.enabled = !on;
  }

  /** By re-INVITE: the other side hears music. Resolves when the switch has agreed. */
  hold(on: boolean): Promise<void> {
    if (on === this.isHeld || !this.isUp) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const begun = on ? this.session.hold({}, resolve) : this.session.unhold({}, resolve);
      if (!begun) reject(new Error("another change of the line is under way"));
    });
  }

  /** Keys in the audio stream (RFC 4733). */
  keys(keys: string): void {
    this.#sender()?.dtmf?.insertDTMF(keys, TONE_MS);
  }

  end(): void {
    if (!this.session.isEnded()) this.session.terminate();
  }

  /** What has been received: packets, bytes, and how loud it is now (0 to 1). */
  async heard(): Promise<{ packets: number; level: number; sent: number }> {
    const found = { packets: 0, level: 0, sent: 0 };
    if (!this.session.connection) return found;
    for (const report of (await this.session.connection.getStats()).values()) {
      if (report.type === "inbound-rtp") {
        found.packets = report.packetsReceived;
        found.level = report.audioLevel ?? 0;
      } else if (report.type === "outbound-rtp") found.sent = report.packetsSent;
    }
    return found;
  }

  #sender(): RTCRtpSender | undefined {
    return this.session.connection?.getSenders().find((sender) => sender.track?.kind === "audio");
  }
}
