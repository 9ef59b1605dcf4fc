/** An answer of the service that is no success: its problem (RFC 9457). */
export class NightshelfProblem extends Error {
  override readonly name = "NightshelfProblem";

  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    /** All members: `parameter`, `found` and `expected` of a wrong parameter. */
    readonly members: Readonly<Record<string, unknown>>,
    /** Of the answer's `X-Request-ID`, where the page may read it. */
    readonly requestId: string | null,
    /** Seconds to wait, where the service names them. */
    readonly retryAfter: number | null,
  ) {
    super(detail ? `${status} ${title}: ${detail}` : `${status} ${title}`);
  }

  /** Whether the service, or what stands before it, could not: then a page does without. */
  get away(): boolean {
    return this.status === 429 || this.status >= 500;
  }
}

/** The problem that *response* is; *found* is its body, which a proxy may have written. */
export function problemOf(response: Response, found: unknown): NightshelfProblem {
  const members = isRecord(found) ? found : {};
  const text = (name: string, otherwise: string) => {
    const value = members[name];
    return typeof value === "string" ? value : otherwise;
  };
  const wait = response.headers.get("Retry-After") ?? "";
  return new NightshelfProblem(
    response.status,
    text("title", response.statusText || "Unknown"),
    text("detail", ""),
    members,
    response.headers.get("X-Request-ID"),
    /^\d+$/.test(wait) ? Number(wait) : null,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
