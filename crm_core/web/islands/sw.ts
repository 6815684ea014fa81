/**
 * The service worker: keeps static files (their addresses carry a hash: they never change), and shows a page of its own
 * while the server cannot be reached. It keeps no page with data in it and no answer of the API: whoever sits at this
 * browser after somebody has logged out finds nothing here. Served as /sw.js, so that it sees all pages.
 */
interface Extended extends Event {
  waitUntil(done: Promise<unknown>): void;
}
interface Asked extends Extended {
  readonly request: Request;
  readonly preloadResponse: Promise<Response | undefined>;
  respondWith(answer: Promise<Response>): void;
}
interface Told extends Extended {
  readonly data: unknown;
}
interface Scope {
  readonly registration: ServiceWorkerRegistration;
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(kind: "install" | "activate", heard: (event: Extended) => void): void;
  addEventListener(kind: "fetch", heard: (event: Asked) => void): void;
  addEventListener(kind: "message", heard: (event: Told) => void): void;
}
// The project's types are those of pages; a worker's would clash with them.
const worker = self as unknown as Scope;

const KEPT = "trunkline-1";
const OFFLINE = "/offline";
const STATIC = "/static/";
const MOST = 120; // files; some builds' worth

worker.addEventListener("install", (event) => event.waitUntil(keepOffline().then(() => worker.skipWaiting())));

worker.addEventListener("activate", (event) => event.waitUntil(begin()));

/** A page says which language it is in: the offline page follows. */
worker.addEventListener("message", (event) => event.waitUntil(follow(event.data)));

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (url.pathname.startsWith(STATIC)) event.respondWith(file(request));
});

async function begin(): Promise<void> {
  for (const name of await caches.keys()) if (name !== KEPT) await caches.delete(name);
  // The page is asked for while the worker wakes up: it costs no time.
  await worker.registration.navigationPreload.enable();
  await worker.clients.claim();
}

/** The offline page, which is nobody's, and all files it names. */
async function keepOffline(): Promise<void> {
  const answer = await fetch(OFFLINE, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${OFFLINE} answers ${answer.status}`);
  const text = await answer.clone().text();
  const files = new Set([...text.matchAll(/"(\/static\/[^"]+)"/g)].map(([, address]) => address as string));
  const cache = await caches.open(KEPT);
  await cache.addAll([...files]);
  await cache.put(OFFLINE, answer);
}

async function follow(language: unknown): Promise<void> {
  const kept = await (await caches.open(KEPT)).match(OFFLINE);
  if (kept?.headers.get("Content-Language") !== language) await keepOffline();
}

async function page(event: Asked): Promise<Response> {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch (fault) {
    const kept = await (await caches.open(KEPT)).match(OFFLINE);
    if (!kept) throw fault;
    return kept;
  }
}

async function file(request: Request): Promise<Response> {
  const cache = await caches.open(KEPT);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok && answer.status === 200) {
    await cache.put(request, answer.clone());
    await leaveOut(cache);
  }
  return answer;
}

/** The oldest go; what the offline page needs stays: it is asked for with every page. */
async function leaveOut(cache: Cache): Promise<void> {
  const keys = (await cache.keys()).filter(({ url }) => new URL(url).pathname.startsWith(STATIC));
  for (const key of keys.slice(0, Math.max(0, keys.length - MOST))) await cache.delete(key);
}
