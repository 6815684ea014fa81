/** One phone among all windows of a browser, and how the other pages see and move it. No SIP in here: pages may take it alone. */
import { Emitter } from "./phone_emitter.ts";
import { OFF, type Command, type PhoneStatus } from "./phone_types.ts";

const NAME = "trunkline.phone";

type Message = { readonly state: PhoneStatus } | { readonly command: Command } | { readonly hello: true };

/** The window of the phone: tells its state to all, and takes their commands. */
export class PhoneSpeaker {
  readonly #channel = new BroadcastChannel(NAME);
  #last: PhoneStatus = OFF;

  constructor(take: (command: Command) => void) {
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if ("command" in data) take(data.command);
      if ("hello" in data) this.#channel.postMessage({ state: this.#last });
    };
  }

  tell(state: PhoneStatus): void {
    this.#last = state;
    this.#channel.postMessage({ state });
  }

  close(): void {
    this.tell(OFF);
    this.#channel.close();
  }
}

/** Another page: what the phone's window last told (`OFF` while there is none), and commands to it. */
export class PhoneMirror extends Emitter<{ status: PhoneStatus }> {
  readonly #channel = new BroadcastChannel(NAME);
  status: PhoneStatus = OFF;

  constructor() {
    super();
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (!("state" in data)) return;
      this.status = data.state;
      this.emit("status", data.state);
    };
    this.#channel.postMessage({ hello: true });
  }

  send(command: Command): void {
    this.#channel.postMessage({ command });
  }

  close(): void {
    this.#channel.close();
  }
}

/** The right to be the phone. */
export interface Lead {
  release(): void;
}

/**
 * Become the one phone of this browser; null if another window is. `take`: take it from that window, which is told by
 * `lost`. The right ends by itself with the window, whatever happens to it.
 */
export function lead(take: boolean, lost: () => void): Promise<Lead | null> {
  return new Promise((resolve) => {
    let release = (): void => {};
    const held = new Promise<void>((end) => (release = end));
    navigator.locks
      .request(NAME, take ? { steal: true } : { ifAvailable: true }, (lock) => {
        resolve(lock && { release });
        return lock ? held : undefined;
      })
      .catch(lost);
  });
}
