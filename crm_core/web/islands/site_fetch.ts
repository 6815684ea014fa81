/** Asking the server from an island: the word against forgery goes along, a lost log-in leads to the log-in page. */

export class Refused extends Error {
  /** `detail` says in plain words what is wrong; `body` is the whole problem (RFC 9457). */
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly body: Record<string, unknown>,
  ) {
    super(detail);
  }
}

export function csrf(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csrf"]')?.content ?? "";
}

/** Leave for the log-in page; after logging in one is here again. */
export function toLogIn(): void {
  const page = document.querySelector<HTMLMetaElement>('meta[name="login"]')?.content ?? "/login";
  if (location.pathname === page) return;
  location.assign(`${page}?next=${encodeURIComponent(location.pathname + location.search)}`);
}

/**
 * Send JSON and give the JSON that comes back (undefined for none). Throws Refused for a refusal, TypeError without a
 * connection. A 401 leads to the log-in page and throws besides.
 */
export async function ask<Answer = unknown>(
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    credentials: "same-origin",
    headers: {
      Accept: "application/json",
      "X-CSRF-Token": csrf(),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const isJson = /[/+]json\b/.test(answer.headers.get("Content-Type") ?? "");
  const given: unknown = isJson && text ? JSON.parse(text) : undefined;
  if (answer.ok) return given as Answer;
  if (answer.status === 401) toLogIn();
  const problem = (given ?? {}) as Record<string, unknown>;
  throw new Refused(answer.status, String(problem["detail"] ?? answer.statusText), problem);
}
