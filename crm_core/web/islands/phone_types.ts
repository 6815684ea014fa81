/** What is known of the phone, as it is shown and as it is told to other pages. */

/**
 * off: not started, or stopped. connecting: no registration yet, or none any more. ready: registered, nothing on the line.
 * ringing: somebody calls. open: a leg is up (whether a person is on it, the server knows: an operator's leg waits parked
 * between calls).
 */
export type LineState = "off" | "connecting" | "ready" | "ringing" | "open";

export type Problem =
  | "microphone_denied"
  | "microphone_missing"
  | "microphone_lost"
  | "offline"
  | "elsewhere"
  | "other_window"
  | "refused";

/** The second leg of a consultation: the person hears music, or both are heard in a conference. */
export type Consultation = "consulting" | "conference";

export interface PhoneStatus {
  readonly state: LineState;
  readonly problem: Problem | null;
  /** Of a parked leg the switch's channel id; null where the switch gave none. */
  readonly call_id: string | null;
  /** Milliseconds since 1970, since when the state is this one. */
  readonly since: number;
  readonly muted: boolean;
  readonly held: boolean;
  /** Who calls, as the switch shows him, while it rings. */
  readonly caller: string | null;
  readonly consultation: Consultation | null;
  /** Of the consulting leg the switch's channel id, by which the person is given over. */
  readonly consult_id: string | null;
}

/** What a session may register with; asked of the server at each start, since each start makes a new secret. */
export interface PhoneCredentials {
  /** wss://… of the switch. */
  readonly url: string;
  readonly phone: string;
  readonly secret: string;
  /** STUN or TURN servers, for browsers that do not reach the switch directly. */
  readonly ice_servers?: RTCIceServer[];
}

export interface PhoneEvents {
  status: PhoneStatus;
  /** The leg has ended: "theirs" when the other side did it, "ours", or what went wrong. */
  ended: { readonly by: "ours" | "theirs" | "failed"; readonly cause: string };
  /** Cameras aside, what the machine has; after the microphone was allowed also by name. */
  devices: { readonly microphones: MediaDeviceInfo[]; readonly speakers: MediaDeviceInfo[] };
}

export type Command =
  | { readonly do: "answer" | "hang_up" | "toggle_mute" | "toggle_hold" | "conference" | "consult_end" | "call_ended" }
  | { readonly do: "mute" | "hold"; readonly on: boolean }
  | { readonly do: "keys"; readonly keys: string };

export const OFF: PhoneStatus = {
  state: "off",
  problem: null,
  call_id: null,
  since: 0,
  muted: false,
  held: false,
  caller: null,
  consultation: null,
  consult_id: null,
};
