/** What other pages may ask of the phone. */
import type { Phone } from "./phone.ts";
import type { Command } from "./phone_types.ts";

export async function obey(phone: Phone, command: Command): Promise<void> {
  switch (command.do) {
    case "answer": return phone.answer();
    case "hang_up": return phone.hangUp();
    case "toggle_mute": return phone.mute(!phone.status.muted);
    case "mute": return phone.mute(command.on);
    case "toggle_hold": return phone.hold(!phone.status.held);
    case "hold": return phone.hold(command.on);
    case "keys": return phone.keys(command.keys);
    case "conference": return phone.conference();
    case "consult_end": return phone.consultEnd();
    case "call_ended": return phone.callEnded();
  }
}
