import createClient, { type Client } from "openapi-fetch";

import { problemOf } from "./problem.js";
import type { paths } from "./schema.js";
import type {
  Answer,
  CallOptions,
  EventsBody,
  FeatureValues,
  ManyBody,
  Profile,
  Query,
  RankBody,
  Ranked,
  Ready,
  Taken,
  UserEvent,
  Versions,
  Wish,
} from "./types.js";

export { NightshelfProblem } from "./problem.js";
export type { components, operations, paths } from "./schema.js";
export type * from "./types.js";

export interface NightshelfOptions {
  /** Where the service is, such as `https://recs.example`; empty for the page's own origin. */
  baseUrl?: string;
  /** An API key or a token. A key in a page is everybody's: there, use short-lived tokens. */
  key?: string;
  /** Milliseconds after which a call is given up; 2000 by default. */
  timeoutMs?: number;
  /** Another `fetch`, as of a framework. */
  fetch?: (request: Request) => Promise<Response>;
}

/**
 * A service to ask. Every call resolves to the answer's body, or rejects: with a
 * `NightshelfProblem` when the service refused, with what `fetch` rejects with when there was no
 * answer (`TimeoutError` after `timeoutMs`).
 */
export interface Nightshelf {
  /** Recommendations for a user; one nobody has heard of gets what is popular. */
  recs<const W extends Wish = {}>(user: string, wish?: W, options?: CallOptions): Promise<Answer<W>>;
  /** The same for up to 1,000 users at once; answers are in their order. */
  recsMany<const W extends Wish = {}>(
    users: readonly string[],
    wish?: W,
    options?: CallOptions,
  ): Promise<Answer<W>[]>;
  /** Recommendations for somebody who looked at `items`, newest first, 1 to 50 of them. */
  sessionRecs<const W extends Wish = {}>(
    items: readonly string[],
    wish?: W,
    options?: CallOptions,
  ): Promise<Answer<W>>;
  /** What is next to an item. */
  similar<const W extends Wish = {}>(item: string, wish?: W, options?: CallOptions): Promise<Answer<W>>;
  /** The caller's items, up to 500, in the best order for a user, or null for a session. */
  rank(
    user: string | null,
    items: readonly string[],
    more?: Omit<RankBody, "user_id" | "items">,
    options?: CallOptions,
  ): Promise<Ranked>;
  /**
   * Sends what users saw and did, up to 500 events. An action without `event_id` is given one for
   * this call: name it to call again after an error, and it counts once. Bad events are in
   * `rejected`; when all are, it is a problem.
   */
  sendEvents(events: readonly UserEvent[], options?: CallOptions): Promise<Taken>;
  /** What the service knows of a user. */
  profile(user: string, options?: CallOptions): Promise<Profile>;
  /** Values of the night's feature tables for up to 1,000 ids of a kind; all by default. */
  features(
    kind: string,
    ids: readonly string[],
    features?: readonly string[],
    options?: CallOptions,
  ): Promise<FeatureValues>;
  /** Which version is live, and which others are kept. */
  versions(options?: CallOptions): Promise<Versions>;
  /** Whether there is a list to answer with; `not ready` is an answer, no error. */
  ready(options?: CallOptions): Promise<Ready>;
  /** Every route of the service, typed: what the methods above are made of. */
  readonly api: Client<paths>;
}

export function createNightshelf(options: NightshelfOptions = {}): Nightshelf {
  const { baseUrl = "", key, timeoutMs = 2000 } = options;
  const api = createClient<paths>({
    baseUrl: `${baseUrl.replace(/\/+$/, "").replace(/\/v1$/, "")}/v1`,
    headers: key === undefined ? {} : { Authorization: `Bearer ${key}` },
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  });
  const how = ({ signal, requestId }: CallOptions = {}) => ({
    signal: withTimeout(timeoutMs, signal),
    ...(requestId === undefined ? {} : { headers: { "X-Request-ID": requestId } }),
  });
  // Items are whole where no fields were chosen, which the description cannot say.
  const typed = <W extends Wish>(body: unknown) => body as Answer<W>;

  return {
    api,
    async recs<W extends Wish>(user: string, wish?: W, call?: CallOptions) {
      const params = { path: { user: id(user) }, query: inQuery(wish) };
      return typed<W>(bodyOf(await api.GET("/recs/{user}", { params, ...how(call) })));
    },
    async recsMany<W extends Wish>(users: readonly string[], wish?: W, call?: CallOptions) {
      const body = { users: [...users], ...inBody(wish) };
      const found = bodyOf(await api.POST("/recs", { body, ...how(call) }));
      return found.answers.map((answer) => typed<W>(answer));
    },
    async sessionRecs<W extends Wish>(items: readonly string[], wish?: W, call?: CallOptions) {
      const params = { query: { ...inQuery(wish), items: [...items] } };
      return typed<W>(bodyOf(await api.GET("/session/recs", { params, ...how(call) })));
    },
    async similar<W extends Wish>(item: string, wish?: W, call?: CallOptions) {
      const params = { path: { item: id(item) }, query: inQuery(wish) };
      return typed<W>(bodyOf(await api.GET("/items/{item}/similar", { params, ...how(call) })));
    },
    async rank(user, items, more, call) {
      const body = { ...more, user_id: user, items: [...items] };
      return bodyOf(await api.POST("/rank", { body, ...how(call) }));
    },
    async sendEvents(events, call) {
      // Types of the service's settings are not in the description.
      const body = { events: events.map(withId) } as EventsBody;
      return bodyOf(await api.POST("/events", { body, ...how(call) }));
    },
    async profile(user, call) {
      const params = { path: { user: id(user) } };
      return bodyOf(await api.GET("/users/{user}/profile", { params, ...how(call) }));
    },
    async features(kind, ids, features, call) {
      const body = { kind, ids: [...ids], ...(features && { features: [...features] }) };
      return bodyOf(await api.POST("/features", { body, ...how(call) }));
    },
    async versions(call) {
      return bodyOf(await api.GET("/versions", how(call)));
    },
    async ready(call) {
      const found = await api.GET("/health/ready", how(call));
      if (found.response.status === 503 && found.error && "checks" in found.error) {
        return found.error;
      }
      return bodyOf(found);
    },
  };
}

/** *text* as part of a path; `fetch` takes `.` and `..` for steps, however they are encoded. */
function id(text: string): string {
  if (text === "." || text === "..") {
    throw new TypeError(`no address has the id "${text}" for fetch; ask with recsMany`);
  }
  return text;
}

/** *event* with an id; that of an impression is derived from its page view by the service. */
function withId(event: UserEvent): UserEvent {
  if (event.event_type === "impression" || event.event_id) return event;
  const random = Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36));
  return { ...event, event_id: random.join("-") };
}

function situation(wish: Wish): [string, string][] {
  return Object.entries(wish.context ?? {}).map(([name, value]) => [
    ["device", "hour", "country"].includes(name) ? name : `context.${name}`,
    String(value),
  ]);
}

function inQuery(wish: Wish = {}): Query {
  const { explain, context, ...rest } = wish;
  const query: Query = { ...rest, ...(explain === undefined ? {} : { explain: explain ? "1" : "0" }) };
  return Object.assign(query, Object.fromEntries(situation(wish)));
}

function inBody(wish: Wish = {}): Omit<ManyBody, "users"> {
  const { context, ...rest } = wish;
  const words = situation(wish).map(([name, value]) => [name, name === "hour" ? Number(value) : value]);
  return Object.assign(rest, Object.fromEntries(words));
}

function withTimeout(ms: number, signal?: AbortSignal): AbortSignal {
  const timeout = AbortSignal.timeout(ms);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}

/** The body of a success, else its problem is thrown. */
function bodyOf<T>(found: { data?: T; error?: unknown; response: Response }): T {
  if (found.data === undefined) throw problemOf(found.response, found.error);
  return found.data;
}
