/** The part of htmx 4 that islands use; its own types do not cover what noSwap takes, nor the ESM build. */
interface HtmxRequest {
  action: string;
  method: string;
  headers: Record<string, string>;
  body?: FormData | URLSearchParams | null;
  signal: AbortSignal;
}

interface HtmxContext {
  sourceElement: Element;
  target: Element | null;
  swap: string;
  status: string;
  text?: string;
  request: HtmxRequest;
  response?: { raw: Response; status: number; headers: Headers };
}

interface HtmxEvents {
  "htmx:config:request": { ctx: HtmxContext };
  "htmx:before:response": { ctx: HtmxContext };
  "htmx:response:error": { ctx: HtmxContext };
  "htmx:error": { ctx?: HtmxContext; error: unknown };
  "htmx:finally:request": { ctx: HtmxContext };
  "htmx:before:swap": { ctx: HtmxContext; tasks: { target: Element | string | null }[] };
  "htmx:after:swap": { ctx: HtmxContext };
  "htmx:after:process": Record<string, never>;
}

type HtmxEventMap = { [Name in keyof HtmxEvents]: CustomEvent<HtmxEvents[Name]> };

interface HtmxApi {
  config: { noSwap: (number | string)[]; history: boolean | "reload"; defaultTimeout: number };
  ajax(method: string, path: string, options?: Record<string, unknown>): Promise<void>;
  process(root: Element): void;
  trigger(element: Element, name: string, detail?: unknown): boolean;
}

interface DocumentEventMap extends HtmxEventMap {}
interface HTMLElementEventMap extends HtmxEventMap {}

interface Window {
  /** There on every page once site.js has run. */
  htmx: HtmxApi;
}

declare module "htmx.org/dist/htmx.esm.js" {
  const htmx: HtmxApi;
  export default htmx;
}
declare module "htmx.org/dist/ext/hx-sse.js" {}
declare module "*.svg" {
  const source: string;
  export default source;
}
