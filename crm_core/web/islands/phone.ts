/** The operator's phone. A page makes one `Phone`, calls `start()` after a click, shows `status`, and offers what is below.
 * Only one window of a browser is the phone; the others see it through `PhoneMirror` (phone_channel.ts).
 *
 * `state: "open"` says that the line is up, not that a person is on it: an operator's leg waits parked between calls. Who is
 * on it the server tells; when it tells that a call has ended, the page calls `callEnded()`.
 */
import { Consultation } from "./phone_consultation.ts";
import { Emitter } from "./phone_emitter.ts";
import { Leg } from "./phone_leg.ts";
import { Line } from "./phone_line.ts";
import { devices, Microphone, MicrophoneError, Ringer, Speaker } from "./phone_audio.ts";
import { lead, PhoneSpeaker, type Lead } from "./phone_channel.ts";
import { obey } from "./phone_commands.ts";
import { OFF, type PhoneCredentials, type PhoneEvents, type PhoneStatus } from "./phone_types.ts";

export { PhoneMirror } from "./phone_channel.ts";
export { phoneWord } from "./phone_words.ts";
export type * from "./phone_types.ts";

type Incoming = Parameters<ConstructorParameters<typeof Line>[1]["call"]>[0];

export class Phone extends Emitter<PhoneEvents> {
  status: PhoneStatus = OFF;
  readonly #credentials: () => Promise<PhoneCredentials>;
  readonly #context = new AudioContext();
  readonly #microphone = new Microphone(this.#context, () => this.#set({ problem: "microphone_lost" }));
  readonly #speaker = new Speaker();
  readonly #ringer = new Ringer(this.#context);
  readonly #others = new PhoneSpeaker((command) => void obey(this, command));
  #lead: Lead | null = null;
  #line: Line | null = null;
  #given: PhoneCredentials | null = null;
  #leg: Leg | null = null;
  #consult: Consultation | null = null;
  #device = "";
  #sink = "";
  /** Counts starts and stops, so that a start that was overtaken while it waited goes no further. */
  #turn = 0;

  /** `credentials` asks the server for a new secret; it throws what should stop the start. */
  constructor(credentials: () => Promise<PhoneCredentials>) {
    super();
    this.#credentials = credentials;
    // A leg left behind by a page that was closed would wait for a browser that is gone.
    addEventListener("pagehide", () => this.stop());
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.#tellDevices());
  }

  /**
   * Microphone first, then the registration: a call is answered without waiting for a device. `take`: also from another
   * window of this browser. Rejects only with what `credentials` throws; the rest is told by `status.problem`.
   */
  async start(take = false): Promise<void> {
    this.#drop();
    const turn = this.#turn;
    this.#set({ ...OFF, state: "connecting" });
    try {
      if (!(await this.#leads(take))) return this.#halt("other_window");
      if (turn !== this.#turn) return;
      await this.#microphone.open(this.#device);
      await this.#context.resume();
      const given = await this.#credentials();
      if (turn === this.#turn) this.#connect(given);
    } catch (error) {
      if (turn === this.#turn) this.#halt(error instanceof MicrophoneError ? error.problem : "offline");
      if (!(error instanceof MicrophoneError)) throw error;
    } finally {
      if (this.status.state === "off") this.#halt(this.status.problem); // what a stop overtook may have opened the microphone
    }
  }

  stop(): void {
    this.#halt(null);
  }

  answer(): void {
    const track = this.#microphone.track;
    if (this.status.state === "ringing" && this.#leg && track) this.#leg.answer(track, this.#given?.ice_servers ?? []);
  }

  /** End the leg, or refuse the call that rings. Of a parked leg this logs the operator out: a person is let go by the server. */
  hangUp(): void {
    this.#leg?.end();
  }

  mute(on: boolean): void {
    (this.#consult ?? this.#leg)?.mute(on);
    this.#set({ muted: on });
  }

  /** The person hears music, until it is taken back. */
  async hold(on: boolean): Promise<void> {
    await this.#leg?.hold(on);
    if (this.#leg) this.#set({ held: this.#leg.isHeld });
  }

  keys(keys: string): void {
    (this.#consult?.kind === "consulting" ? this.#consult.leg : this.#leg)?.keys(keys);
  }

  /** All three hear each other. Nothing happens without somebody who is consulted. */
  async conference(): Promise<void> {
    const track = this.#microphone.track;
    if (!this.#consult || !track) return;
    await this.#consult.conference(track);
    this.#tell();
  }

  /** The one who was consulted is let go, the person is on the line again. */
  consultEnd(): void {
    this.#consult?.leg.end();
  }

  /** The server says that the person has gone: the next one is not met with a muted or held line. */
  async callEnded(): Promise<void> {
    this.mute(false);
    await this.hold(false);
  }

  async chooseMicrophone(device: string): Promise<void> {
    this.#device = device;
    if (!this.#line) return;
    const track = await this.#microphone.open(device);
    await (this.#consult ?? this.#leg)?.send(track);
    if (this.status.problem === "microphone_lost") this.#set({ problem: null });
  }

  async chooseSpeaker(device: string): Promise<void> {
    this.#sink = device;
    await Promise.all([this.#speaker.choose(device), this.#consult?.speaker.choose(device)]);
  }

  /** How loud the microphone is now, 0 to 1. */
  level(): number {
    return this.#microphone.level();
  }

  /** What the person's leg has received and sent, in packets, and how loud it is. */
  async heard(): Promise<{ packets: number; level: number; sent: number }> {
    return (await this.#leg?.heard()) ?? { packets: 0, level: 0, sent: 0 };
  }

  #connect(given: PhoneCredentials): void {
    void this.#tellDevices();
    this.#given = given;
    let wasRegistered = false;
    this.#line = new Line(given, {
      registered: () => {
        wasRegistered = true;
        this.#set({ state: this.status.state === "connecting" ? "ready" : this.status.state, problem: null });
      },
      offline: () => this.#set({ state: this.#leg ? this.status.state : "connecting", problem: "offline" }),
      // Once let in and then no more: somebody has got a newer secret for the same phone.
      refused: () => this.#halt(wasRegistered ? "elsewhere" : "refused"),
      call: (event) => this.#called(event),
    });
  }

  #called(event: Incoming): void {
    if ((event.request.getHeader("X-Trunkline") ?? "").startsWith("consult")) return this.#consulted(event);
    const leg: Leg = new Leg(event.session, event.request, {
      up: () => leg === this.#leg && this.#set({ state: "open", caller: null }),
      media: (stream) => leg === this.#leg && this.#speaker.play(stream),
      ended: (by, cause) => leg === this.#leg && this.#ended(by, cause),
    });
    if (leg.purpose === "call" && this.#leg) return event.session.terminate({ status_code: 486 });
    // The switch parks an operator once: a leg that is still here is one it has lost.
    const old = this.#leg;
    this.#leg = leg;
    old?.end();
    this.#set({ state: "ringing", call_id: leg.id, caller: leg.caller, muted: false, held: false });
    if (leg.purpose === "parked") this.answer();
    else this.#ringer.start();
  }

  /** The switch calls a second time, for a consultation: the person hears music meanwhile. */
  #consulted(event: Incoming): void {
    const track = this.#microphone.track;
    if (!this.#leg?.isUp || this.#consult || !track) return event.session.terminate({ status_code: 486 });
    const consult = new Consultation(this.#context, this.#leg, event, {
      changed: () => this.#tell(),
      over: () => {
        if (consult !== this.#consult) return;
        this.#consult = null;
        this.#tell();
        this.#leg?.mute(this.status.muted);
        const now = this.#microphone.track;
        if (now) void this.#leg?.send(now);
        void this.hold(false);
      },
    });
    this.#consult = consult;
    void consult.speaker.choose(this.#sink);
    consult.mute(this.status.muted);
    consult.leg.answer(track, this.#given?.ice_servers ?? []);
    void this.hold(true);
  }

  #ended(by: PhoneEvents["ended"]["by"], cause: string): void {
    this.#leg = null;
    this.#consult?.leg.end();
    this.#speaker.play(null);
    const state = this.status.problem === "offline" ? "connecting" : "ready";
    this.#set({ ...OFF, state, problem: this.status.problem });
    this.emit("ended", { by, cause });
  }

  async #leads(take: boolean): Promise<boolean> {
    this.#lead ??= await lead(take, () => {
      this.#lead = null; // what is said from now on is the other window's
      this.#halt("other_window");
    });
    return this.#lead !== null;
  }

  /** Stop, and say why; another window may be the phone now. */
  #halt(problem: PhoneStatus["problem"]): void {
    this.#drop();
    this.#set({ ...OFF, problem });
    this.#lead?.release();
    this.#lead = null;
  }

  #drop(): void {
    this.#turn++;
    const line = this.#line;
    this.#leg?.end();
    this.#leg = this.#consult = this.#line = null;
    line?.stop(); // and with it whatever is on it
    this.#microphone.close();
    this.#speaker.play(null);
  }

  #tell(): void {
    const [consultation, consult_id] = [this.#consult?.kind ?? null, this.#consult?.leg.id ?? null];
    this.#set({ consultation, consult_id, ...(this.#leg && { held: this.#leg.isHeld }) });
  }

  #set(changed: Partial<PhoneStatus>): void {
    const since = changed.state !== undefined && changed.state !== this.status.state ? Date.now() : this.status.since;
    this.status = { ...this.status, ...changed, since };
    if (this.status.state !== "ringing") this.#ringer.stop();
    // Pages hear of one phone only: a window that is not it keeps its state to itself.
    if (this.#lead) this.#others.tell(this.status);
    this.emit("status", this.status);
  }

  async #tellDevices(): Promise<void> {
    this.emit("devices", await devices());
  }
}
