/** Brings the service worker in where the page has one (a manifest is named) and the browser takes it (HTTPS, loopback). */
export function bringWorker(): void {
  if (!("serviceWorker" in navigator) || !document.querySelector('link[rel="manifest"]')) return;
  const { serviceWorker } = navigator;
  addEventListener("load", () => {
    serviceWorker.register("/sw.js", { updateViaCache: "none" }).catch(() => {
      // Private windows and some settings forbid it: then there is no offline page, and all else works.
    });
    serviceWorker.controller?.postMessage(document.documentElement.lang);
  });
}
