import type { components, operations } from "./schema.js";

type Schemas = components["schemas"];

/** A recommended item, whole: all members but `explanation`, which `explain` brings. */
export type Item = Required<Omit<Schemas["Item"], "explanation">> &
  Pick<Schemas["Item"], "explanation">;

/** A recommended item of which `fields` chose members. */
export type PartialItem = Schemas["Item"];

export type Reason = Schemas["Reason"];
export type Explanation = Schemas["Explanation"];
export type Profile = Schemas["Profile"];
export type Ranked = Schemas["Ranked"];
export type FeatureValues = Schemas["FeatureValues"];
export type Versions = Schemas["Versions"];
export type Ready = Schemas["Ready"];

/** What stands after the `?`. */
export type Query = NonNullable<operations["getRecs"]["parameters"]["query"]>;

/** What recommendations may be asked for; what is left out is as the service's settings say. */
export interface Wish extends Omit<Query, "explain" | "device" | "hour" | "country"> {
  explain?: boolean;
  /** Of the situation: `device`, `hour`, `country` and any other name. */
  context?: Readonly<Record<string, string | number>>;
}

/** The answer to a wish *W*: items are whole where it does not choose `fields`. */
export type Answer<W extends Wish = {}> = Omit<Schemas["Answer"], "items"> & {
  items: (W extends { fields: readonly unknown[] } ? PartialItem : Item)[];
};

export type ManyBody = operations["postRecs"]["requestBody"]["content"]["application/json"];
export type RankBody = operations["postRank"]["requestBody"]["content"]["application/json"];

export type EventsBody = operations["postEvents"]["requestBody"]["content"]["application/json"];
type KnownEvent = Exclude<EventsBody, unknown[] | { events: unknown }>;
type Action = Exclude<KnownEvent, { event_type: "impression" }>;
/**
 * What a user saw or did: an impression, or an action, whose type is one of the service's own or
 * of its settings.
 */
export type UserEvent =
  | Exclude<KnownEvent, Action>
  | (Omit<Action, "event_type"> & { event_type: Action["event_type"] | (string & {}) });
/** How many events are kept and how well, and which are not. */
export type Taken = Schemas["Taken"];

/** How one call is made, beside what it asks. */
export interface CallOptions {
  /** Gives the call up, as when a page is left. */
  signal?: AbortSignal;
  /** Comes back in logs of the service. */
  requestId?: string;
}
