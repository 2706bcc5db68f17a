// In an app these are "@hailstream/client" and "@hailstream/client/testing".
import * as vitest from "vitest";
import { createClient, memoryStorage } from "../../client/index.ts";
import { startMicro } from "../../client/testing.ts";
import { rateTrip } from "./ratings.ts";

const { afterEach, expect, test } = vitest;

const micro = await startMicro({ url: process.env.MICRO_URL, hooks: vitest });
const client = createClient({ url: micro.url, key: "any", source: "/apps/rider/test", storage: memoryStorage() });

test("a rating arrives as the rider gave it", async () => {
  rateTrip(client, "trp_1", 4, "  friendly driver ");
  await client.flush();
  const [event] = await micro.good({ type: "trip.rated", data: { trip_id: "trp_1", rating: 4 } });
  expect(event?.event.data).toMatchObject({ rated_by: "rider", comment: "friendly driver" });
});

test("no comment is no empty comment", async () => {
  rateTrip(client, "trp_2", 5, " ");
  await client.flush();
  const [event] = await micro.good({ type: "trip.rated" });
  expect(event?.event.data).not.toHaveProperty("comment");
  // The pipeline fills in what the schema says.
  expect(event?.stored.data).toMatchObject({ comment: null });
});

test("six stars are refused", async () => {
  rateTrip(client, "trp_3", 6);
  await client.flush();
  const [event] = await micro.bad({ type: "trip.rated" });
  expect(event?.result).toMatchObject({ pointer: "/data/rating", got: "6" });
});

afterEach(() => {
  expect(client.status().waiting).toBe(0);
});
