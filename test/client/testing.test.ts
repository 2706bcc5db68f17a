import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { differencesOf } from "../../client/testing/difference.ts";
import { type Hooks, type Micro, MicroMismatch, startMicro } from "../../client/testing.ts";
import { type MicroDoor, openMicro } from "../ingest/micro/micro-door.ts";

type Events = { "trip.rated": { trip_id: string; rated_by: "driver" | "rider"; rating: number } };

let door: MicroDoor;
let micro: Micro<Events>;
beforeAll(async () => {
  door = await openMicro();
  micro = await startMicro<Events>({ url: `${door.url}/`, timeoutMs: 10_000 });
});
beforeEach(() => micro.reset());
afterAll(() => door.close());

async function rate(rating: unknown, changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const id = randomUUID();
  const data = { trip_id: "trp_1", rated_by: "rider", rating };
  const time = new Date().toISOString();
  await door.post({ specversion: "1.0", id, type: "trip.rated", source: "/t", time, data, ...changes });
  return id;
}

/** What goes wrong with a wish. */
async function mismatchOf(wish: Promise<unknown>): Promise<MicroMismatch> {
  const failure: unknown = await wish.catch((error: unknown) => error);
  if (failure instanceof MicroMismatch) return failure;
  throw new Error(`no MicroMismatch: ${String(failure)}`);
}

describe("good", () => {
  test("gives the events that match, typed", async () => {
    const id = await rate(5);
    await rate(1);
    const [event] = await micro.good({ type: "trip.rated", data: { rating: 5 } });
    const rating: number | undefined = event?.event.data.rating;
    expect({ id: event?.id, rating }).toEqual({ id, rating: 5 });
    expect(await micro.good({ count: 2 })).toHaveLength(2);
    // @ts-expect-error there is no such event
    const unknown = micro.good({ type: "trip.rate", timeoutMs: 0 });
    await expect(unknown).rejects.toThrow('did_you_mean":"trip.rated');
  });

  test("waits for the event that is still to come, past others that do not match", async () => {
    const wish = micro.good({ type: "trip.rated", data: { rating: 4 } });
    await rate(1);
    await rate("four");
    const id = await rate(4);
    expect((await wish).map((event) => event.id)).toEqual([id]);
  });

  test("pages through more than one answer holds", async () => {
    const time = new Date().toISOString();
    const events = Array.from({ length: 1_200 }, (_, i) => ({
      ...{ specversion: "1.0", id: `page-${i}`, type: "trip.rated", source: "/t", time },
      data: { trip_id: "trp_1", rated_by: "rider", rating: 5 },
    }));
    for (const some of [events.slice(0, 1_000), events.slice(1_000)]) {
      await door.post(some, { "content-type": "application/cloudevents-batch+json" });
    }
    expect(await micro.good({ count: 1_200 })).toHaveLength(1_200);
    expect(await micro.all({ data: { rating: 5 } })).toHaveLength(1_200);
  });

  test("tells what was nearest, what was bad and what else came", async () => {
    const id = await rate(4);
    const bad = await rate("five");
    const failure = await mismatchOf(micro.good({ type: "trip.rated", data: { rating: 5 }, timeoutMs: 0 }));
    expect(failure.message.split("\n")).toEqual([
      'Expected 1 good event with {"type":"trip.rated","data":{"rating":5}} within 0 ms, got 0.',
      "",
      `Nearest is trip.rated ${id}:`,
      "  data.rating: expected 5, got 4",
      "",
      "Bad events:",
      `  trip.rated ${bad} was rejected: /data/rating: expected a whole number, got "five" [event_type_mismatch]`,
      "",
      "Good: 1 trip.rated. Duplicate: 0. To be sent again: 0.",
    ]);
    // What a test library shows as a difference has nothing else in it.
    expect(failure.expected).toEqual({ type: "trip.rated", data: { rating: 5 } });
    expect(failure.actual).toEqual({ type: "trip.rated", data: { rating: 4 } });
  });

  test("says how many are missing of several", async () => {
    await rate(5);
    const failure = await mismatchOf(micro.good({ count: 2, timeoutMs: 0 }));
    expect(failure.message).toMatch(/^Expected 2 good events with \{\} within 0 ms, got 1\./);
  });
});

describe("bad", () => {
  test("gives what was rejected, by its code, with the reason", async () => {
    await rate("five");
    const [event] = await micro.bad({ code: "event_type_mismatch" });
    expect(event).toMatchObject({ status: "rejected", result: { pointer: "/data/rating" } });
    await micro.bad({ type: "trip.rated", data: { rating: "five" } });
  });

  test("gives requests that were refused as a whole", async () => {
    await door.post("{oops");
    expect(await micro.bad()).toMatchObject([{ status: "refused", request: { body: "{oops" } }]);
  });

  test("that there is none is an assertion, which names each and all that is wrong with it", async () => {
    await rate(5);
    await micro.noBad();
    const id = await rate("five", { time: undefined });
    await door.post("{oops");
    const { message } = await mismatchOf(micro.noBad());
    expect(message.split("\n")).toEqual([
      "Expected no bad events, got 2:",
      expect.stringMatching(
        `^  trip.rated ${id} was rejected: /time: .*; /data/rating: expected a whole number, got "five" \\[`,
      ),
      "  POST /v1/events was refused: The body is not JSON. Send one event, or an array of events, as JSON. [request_json_invalid]",
    ]);
  });
});

test("all and counts wait for nothing and know duplicates", async () => {
  const id = await rate(5);
  await rate(5, { id, time: (await micro.all({ id }))[0]?.event?.time });
  expect((await micro.all({ id })).map(({ status }) => status)).toEqual(["accepted", "duplicate"]);
  expect(await micro.all({ type: "driver.status" })).toEqual([]);
  expect(await micro.counts()).toMatchObject({ total: 2, good: 1, duplicate: 1, dropped: 0 });
});

describe("hooks", () => {
  /** A test library that has run nothing yet. */
  function library() {
    const hooks: Record<"beforeEach" | "afterEach" | "afterAll", (() => Promise<void>)[]> = {
      ...{ beforeEach: [], afterEach: [], afterAll: [] },
    };
    const add = (name: keyof typeof hooks) => (hook: () => Promise<void>) => void hooks[name].push(hook);
    const given: Hooks = {
      ...{ beforeEach: add("beforeEach"), afterEach: add("afterEach"), afterAll: add("afterAll") },
    };
    const run = async (name: keyof typeof hooks) => {
      for (const hook of hooks[name]) await hook();
    };
    return { given, run };
  }

  test("each test begins with nothing, and fails by bad events that it did not ask for", async () => {
    const { given, run } = library();
    const own = await startMicro({ url: door.url, hooks: given });
    await rate(5);
    await run("beforeEach");
    expect(await own.all()).toEqual([]);
    await rate("five");
    await expect(run("afterEach")).rejects.toThrow("Expected no bad events, got 1");

    await run("beforeEach");
    await rate("five");
    await own.bad();
    await run("afterEach");

    // What one test asked for is not forgiven the next.
    await run("beforeEach");
    await rate("five");
    await expect(run("afterEach")).rejects.toThrow(MicroMismatch);
    await run("afterAll");
  });
});

describe("starting", () => {
  test("an address where nothing listens is told after the time", async () => {
    const { url, close } = await openMicro();
    await close();
    const failure: unknown = await startMicro({ url, startTimeoutMs: 0 }).catch((error: unknown) => error);
    expect(String(failure)).toMatch(/No hailstream micro answers at http:\/\/[\d.:]+ within 0 ms: .*ECONNREFUSED/);
  });

  test("a command that there is not, and one that ends, are told with their words", async () => {
    await expect(startMicro({ command: ["/no/such/program"] })).rejects.toThrow(/cannot be started .*ENOENT/);
    const command = [process.execPath, "-e", 'process.stderr.write("no such port"); process.exitCode = 2'];
    await expect(startMicro({ command })).rejects.toThrow(/ended with exit code 2:\nno such port/);
  });

  test("one that never says that it is ready is ended", async () => {
    const command = [process.execPath, "-e", "setInterval(() => undefined, 1_000)"];
    await expect(startMicro({ command, startTimeoutMs: 50 })).rejects.toThrow("was not ready within 50 ms");
  });
});

test.each([
  [{ a: 1 }, { a: 1, b: 2 }, []],
  [{ a: undefined }, {}, []],
  [{ a: { b: 1 } }, { a: { b: 2 } }, [{ path: "a.b", expected: 1, got: 2 }]],
  [{ a: 1 }, null, [{ path: "", expected: { a: 1 }, got: null }]],
  [[1, 2], [1, 3], [{ path: "1", expected: 2, got: 3 }]],
  [{ a: [1] }, { a: [1, 2] }, [{ path: "a.length", expected: 1, got: 2 }]],
  [{ a: [] }, { a: {} }, [{ path: "a", expected: [], got: {} }]],
  [{ at: new Date(0) }, { at: "1970-01-01T00:00:00.000Z" }, []],
  [{ a: expect.any(Number) }, { a: 7 }, []],
  [{ a: expect.any(Number) }, { a: "7" }, [{ path: "a", expected: "Any<Number>", got: "7" }]],
])("of %j, %j differs in %j", (wanted, got, differences) => {
  expect(differencesOf(wanted, got)).toEqual(differences);
});
