/**
 * A second leg beside the person's: the operator asks somebody while the person hears music, and may put all three together.
 * The conference is mixed here: each of the two legs is sent the microphone and what comes from the other.
 */
import type { IncomingRTCSessionEvent } from "jssip/lib/UA";
import { Speaker } from "./phone_audio.ts";
import { Leg } from "./phone_leg.ts";
import type { Consultation as Kind } from "./phone_types.ts";

export class Consultation {
  kind: Kind | null = null;
  readonly leg: Leg;
  readonly speaker = new Speaker();
  #nodes: AudioNode[] = [];
  /** In a conference muting must not silence what is passed on, so it is done at the microphone's part of the mix. */
  #own: MediaStreamTrack | null = null;
  #muted = false;

  constructor(
    readonly context: AudioContext,
    readonly person: Leg,
    { session, request }: IncomingRTCSessionEvent,
    events: { changed(): void; over(): void },
  ) {
    this.leg = new Leg(session, request, {
      up: () => {
        this.kind = "consulting";
        events.changed();
      },
      media: (stream) => this.speaker.play(stream),
      ended: () => {
        this.kind = null;
        this.#unmix();
        this.speaker.play(null);
        events.over();
      },
    });
  }

  /** All three hear each other. Nothing happens before the second leg is up, or twice. */
  async conference(microphone: MediaStreamTrack): Promise<void> {
    if (this.kind !== "consulting") return;
    this.kind = "conference";
    await this.person.hold(false);
    await this.send(microphone);
  }

  /** The operator is not heard by either. */
  mute(on: boolean): void {
    this.#muted = on;
    if (this.#own) this.#own.enabled = !on;
    for (const leg of [this.person, this.leg]) leg.mute(on && !this.#own);
  }

  /** The microphone was changed, or is now part of a mix. */
  async send(microphone: MediaStreamTrack): Promise<void> {
    this.#unmix();
    const [person, other] = [this.person, this.leg];
    if (this.kind !== "conference") {
      await Promise.all([person.send(microphone), other.send(microphone)]);
      return;
    }
    const own = (this.#own = microphone.clone());
    this.mute(this.#muted);
    await Promise.all([person.send(this.#mix(own, other)), other.send(this.#mix(own, person))]);
  }

  #mix(microphone: MediaStreamTrack, from: Leg): MediaStreamTrack {
    const out = this.context.createMediaStreamDestination();
    const streams = [new MediaStream([microphone]), ...(from.remote ? [from.remote] : [])];
    const sources = streams.map((stream) => this.context.createMediaStreamSource(stream));
    for (const source of sources) source.connect(out);
    this.#nodes.push(...sources, out);
    const track = out.stream.getAudioTracks()[0];
    if (!track) throw new Error("the browser cannot mix audio");
    return track;
  }

  #unmix(): void {
    for (const node of this.#nodes) node.disconnect();
    this.#nodes = [];
    this.#own?.stop();
    this.#own = null;
  }
}
