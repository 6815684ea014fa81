/** Another page that only watches the phone. */
import { PhoneMirror } from "../../../crm_core/web/islands/phone_channel.ts";

declare global {
  interface Window {
    mirror: PhoneMirror;
  }
}

window.mirror = new PhoneMirror();
window.mirror.on("status", (status) => (document.body.dataset["state"] = status.state));
