/** The phone with nothing around it: the test has it as `window.phone`, and reads in the page what a person would. */
import { UA, WebSocketInterface } from "jssip";
import type { IncomingResponse } from "jssip/lib/SIPMessage";
import { Phone, phoneWord, type PhoneCredentials } from "../../../crm_core/web/islands/phone.ts";

declare global {
  interface Window {
    phone: Phone;
    /** Every state the phone was in, in order, each once. */
    states: string[];
    dial(credentials: PhoneCredentials, target: string): Promise<string>;
  }
}

const says = document.querySelector("#says") as HTMLElement;
window.states = [];
window.phone = new Phone(async () => (await (await fetch("/credentials")).json()) as PhoneCredentials);
window.phone.on("status", (status) => {
  says.textContent = phoneWord(status.problem ?? status.state);
  document.body.dataset["state"] = status.state;
  document.body.dataset["problem"] = status.problem ?? "";
  if (window.states.at(-1) !== status.state) window.states.push(status.state);
});
document.querySelector("#start")?.addEventListener("click", () => void window.phone.start());
document.querySelector("#take")?.addEventListener("click", () => void window.phone.start(true));

// What the phone itself cannot do, and the switch must not allow: dial.
window.dial = ({ url, phone, secret }, target) =>
  new Promise((resolve) => {
    const agent = new UA({ sockets: new WebSocketInterface(url), uri: `sip:${phone}@127.0.0.1`, password: secret, register: false });
    agent.on("connected", () => {
      const call = agent.call(`sip:${target}@127.0.0.1`, { mediaConstraints: { audio: true }, pcConfig: { iceServers: [] } });
      call.on("failed", ({ message, cause }) => {
        agent.stop();
        resolve(String((message as IncomingResponse | null)?.status_code ?? cause));
      });
      call.on("accepted", () => {
        agent.stop();
        resolve("accepted");
      });
    });
    agent.start();
  });
