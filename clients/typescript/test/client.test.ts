import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import { createNightshelf, NightshelfProblem, type Item, type PartialItem } from "../src/index.js";

// The service that the caller runs: users u0 … u49, items i0 … i39, keys asked for.
const baseUrl = process.env.NIGHTSHELF_URL ?? "http://127.0.0.1:8000";
const key = process.env.NIGHTSHELF_KEY ?? "";
const shelf = createNightshelf({ baseUrl, key, timeoutMs: 10_000 });

const ids = (answer: { items: readonly { item_id: string }[] }) =>
  answer.items.map((item) => item.item_id);

test("a user's list has whole items, in order, and says where it is from", async () => {
  const answer = await shelf.recs("u1", { n: 3 });
  const [first]: Item[] = answer.items;
  assert.deepEqual(ids(answer), ["i7", "i10", "i13"]);
  assert.equal(answer.served_by, "personal");
  assert.equal(first?.reason.text.startsWith("Goes with item 1 of"), true);
  assert.equal(first?.title.startsWith("item 7 of "), true);
});

test("what is wished for reaches the service", async () => {
  const answer = await shelf.recs("u1", {
    n: 2,
    offset: 1,
    surface: "discover",
    exclude: ["i10", "i13"],
    explain: true,
    context: { device: "phone", hour: 7, page: "cart" },
  });
  assert.deepEqual(ids(answer), ["i16", "i19"]);
  assert.deepEqual(answer.rules, ["carts"]);
  assert.deepEqual(answer.items.map((item) => item.rank), [2, 3]);
});

test("events are taken in, bad ones are named", async () => {
  const sender = createNightshelf({ baseUrl, key: process.env.NIGHTSHELF_EVENTS_KEY ?? key });
  const { recommendation_id, items } = await shelf.recs("u1", { n: 2 });
  const click = { event_type: "click", user_id: "u1", item_id: items[1]?.item_id ?? "" } as const;
  const taken = await sender.sendEvents([
    { event_type: "impression", user_id: "u1", recommendation_id, page_view_id: "p1" },
    { ...click, recommendation_id, position: 2 },
    { ...click, position: 0 },
  ]);
  assert.equal(taken.accepted, 2);
  assert.deepEqual(taken.rejected.map(({ index, type }) => [index, type]), [[2, "invalid"]]);
  await assert.rejects(sender.sendEvents([{ ...click, position: 0 }]), { status: 400 });
  // The types allow what this service's settings do not have.
  await assert.rejects(sender.sendEvents([{ ...click, event_type: "wishlist" }]), { status: 400 });
});

test("fields that were chosen are the only ones, also for types", async () => {
  const answer = await shelf.recs("u1", { n: 1, fields: ["title"] });
  const [item]: PartialItem[] = answer.items;
  assert.deepEqual(Object.keys(item ?? {}).sort(), ["item_id", "title"]);
  // @ts-expect-error - an item of which fields were chosen may lack its reason
  const text = () => item?.reason.text;
  assert.throws(text, TypeError);
});

test("many users are answered in their order, each as alone", async () => {
  const users = ["u1", "nobody", ".", "a/b 😀"];
  const answers = await shelf.recsMany(users, { n: 2, context: { hour: 7 }, explain: true });
  assert.deepEqual(answers.map((answer) => answer.user_id), users);
  assert.deepEqual(answers[0], await shelf.recs("u1", { n: 2, context: { hour: 7 }, explain: true }));
});

test("ids are encoded; those that no address has are refused before anything is sent", async () => {
  const strange = "a//b?c#d%2F é😀";
  assert.equal((await shelf.recs(strange, { n: 1 })).user_id, strange);
  assert.equal((await shelf.profile(strange)).known, false);
  await assert.rejects(shelf.recs(".."), TypeError);
});

test("a session and an item have neighbours", async () => {
  assert.deepEqual(ids(await shelf.sessionRecs(["i1"], { n: 2 })), ["i2", "i3"]);
  assert.deepEqual(ids(await shelf.similar("i5", { n: 2 })), ["i6", "i7"]);
});

test("candidates are ranked, features and versions read", async () => {
  const ranked = await shelf.rank("u1", ["nothing", "i10", "i7"]);
  assert.deepEqual(ids(ranked), ["i7", "i10", "nothing"]);
  assert.deepEqual(ranked.without, ["nothing"]);
  const values = await shelf.features("user", ["u1", "nobody"]);
  assert.equal(values.status["nobody"], "not_found");
  const versions = await shelf.versions();
  assert.equal(versions.active.version, ranked.version);
  assert.equal((await shelf.profile("u1")).segment, "students");
  assert.equal((await shelf.ready()).status, "ready");
});

test("the whole description can be called, typed", async () => {
  const { data, error, response } = await shelf.api.GET("/hidden");
  assert.equal(data, undefined);
  assert.equal(error?.status, 403);
  assert.equal(response.status, 403);
});

test("a refusal is a problem with what was found and expected", async () => {
  const asked = shelf.recs("u1", { n: 0 }, { requestId: "page-7" });
  const problem = await asked.catch((error: unknown) => error);
  assert.ok(problem instanceof NightshelfProblem);
  assert.deepEqual(
    [problem.status, problem.title, problem.members["parameter"], problem.members["found"]],
    [422, "Unprocessable Entity", "n", "0"],
  );
  assert.equal(problem.requestId, "page-7");
  assert.equal(problem.away, false);
});

test("without a key the service refuses", async () => {
  const stranger = createNightshelf({ baseUrl: `${baseUrl}/v1/`, timeoutMs: 10_000 });
  await assert.rejects(stranger.recs("u1"), { status: 401 });
});

test("who does not answer in time is given up, and so is a page that is left", async (t) => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  t.after(() => {
    silent.closeAllConnections();
    silent.close();
  });
  const { port } = silent.address() as AddressInfo;
  const waiting = createNightshelf({ baseUrl: `http://127.0.0.1:${port}`, timeoutMs: 100 });
  await assert.rejects(waiting.recs("u1"), { name: "TimeoutError" });
  const leaving = AbortSignal.abort();
  await assert.rejects(shelf.recs("u1", {}, { signal: leaving }), { name: "AbortError" });
});

test("a proxy's page is a problem too", async () => {
  const proxy = async () =>
    new Response("<h1>Bad Gateway</h1>", { status: 502, headers: { "Retry-After": "3" } });
  const behind = createNightshelf({ baseUrl, fetch: proxy });
  const problem = await behind.recs("u1").catch((error: unknown) => error);
  assert.ok(problem instanceof NightshelfProblem);
  assert.deepEqual([problem.status, problem.away, problem.retryAfter], [502, true, 3]);
});
