/** Microphone, loudspeaker, ring tone, and the machine's devices. */

export type MicrophoneProblem = "microphone_denied" | "microphone_missing";

export class MicrophoneError extends Error {
  constructor(readonly problem: MicrophoneProblem) {
    super(problem);
  }
}

/** The microphone, open for as long as the phone is on, so that a call is answered without waiting for it. */
export class Microphone {
  #stream: MediaStream | null = null;
  #analyser: AnalyserNode | null = null;
  #source: MediaStreamAudioSourceNode | null = null;
  #samples = new Float32Array(0);

  constructor(
    readonly context: AudioContext,
    readonly lost: () => void,
  ) {}

  get track(): MediaStreamTrack | null {
    return this.#stream?.getAudioTracks()[0] ?? null;
  }

  /** Throws MicrophoneError. `device` "" is the system's choice. */
  async open(device: string): Promise<MediaStreamTrack> {
    const stream = await asked(device);
    this.close();
    const track = stream.getAudioTracks()[0];
    if (!track) throw new MicrophoneError("microphone_missing");
    this.#stream = stream;
    track.addEventListener("ended", () => this.#stream === stream && this.lost());
    this.#source = this.context.createMediaStreamSource(stream);
    this.#analyser = new AnalyserNode(this.context, { fftSize: 1024 });
    this.#source.connect(this.#analyser);
    this.#samples = new Float32Array(this.#analyser.fftSize);
    return track;
  }

  /** How loud it is now, 0 to 1 (root mean square); what is muted on the line is measured all the same. */
  level(): number {
    if (!this.#analyser) return 0;
    this.#analyser.getFloatTimeDomainData(this.#samples as Float32Array<ArrayBuffer>);
    return Math.sqrt(this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / this.#samples.length);
  }

  close(): void {
    this.#source?.disconnect();
    const stream = this.#stream;
    this.#stream = this.#source = this.#analyser = null;
    for (const track of stream?.getTracks() ?? []) track.stop();
  }
}

async function asked(device: string): Promise<MediaStream> {
  const wanted = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  try {
    // A device that was chosen once and is not plugged in today must not keep the phone from working.
    return await navigator.mediaDevices.getUserMedia({ audio: device ? { ...wanted, deviceId: { ideal: device } } : wanted });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    throw new MicrophoneError(name === "NotAllowedError" || name === "SecurityError" ? "microphone_denied" : "microphone_missing");
  }
}

/** Plays what a leg brings. */
export class Speaker {
  readonly #element = new Audio();

  constructor() {
    this.#element.autoplay = true;
  }

  play(stream: MediaStream | null): void {
    this.#element.srcObject = stream;
  }

  /** Play on that device; "" is the system's choice. A browser without the choice (Firefox before 116) stays as it is. */
  async choose(device: string): Promise<void> {
    if ("setSinkId" in this.#element) await this.#element.setSinkId(device);
  }
}

/** Two tones, a second in three: 440 and 480 Hz. */
export class Ringer {
  #stop: (() => void) | null = null;

  constructor(readonly context: AudioContext) {}

  start(): void {
    if (this.#stop) return;
    const gain = new GainNode(this.context, { gain: 0 });
    gain.connect(this.context.destination);
    const tones = [440, 480].map((frequency) => new OscillatorNode(this.context, { frequency }));
    for (const tone of tones) {
      tone.connect(gain);
      tone.start();
    }
    // All of a minute at once: timers of a hidden window come late.
    const now = this.context.currentTime;
    for (let second = 0; second < 60; second += 3) {
      gain.gain.setValueAtTime(0.1, now + second);
      gain.gain.setValueAtTime(0, now + second + 1);
    }
    this.#stop = () => {
      for (const tone of tones) tone.stop();
      gain.disconnect();
    };
  }

  stop(): void {
    this.#stop?.();
    this.#stop = null;
  }
}

export async function devices(): Promise<{ microphones: MediaDeviceInfo[]; speakers: MediaDeviceInfo[] }> {
  const all = await navigator.mediaDevices.enumerateDevices();
  return {
    microphones: all.filter((device) => device.kind === "audioinput"),
    speakers: all.filter((device) => device.kind === "audiooutput"),
  };
}
