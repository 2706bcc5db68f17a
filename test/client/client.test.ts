import { describe, expect, test } from "vitest";
import { dropReport, memoryStorage, type Network, type Storage } from "../../client/index.ts";
import { answerAll, makeDevice } from "./device.ts";
import { chance } from "./world.ts";

const filesOf = (files: ReadonlyMap<string, string>) => [...files.keys()].filter((name) => /^[bnc]\d/.test(name));

describe("what becomes of an event", () => {
  test("it is sent as a CloudEvent with the key and the time of sending, and forgotten", async () => {
    const { clock, ingest, files, requests, start } = makeDevice();
    const client = start({ key: async () => "token" });
    const { id, kept } = client.track("trip", { trip_id: "trp_1" }, "drv_1");
    expect(await kept).toBe("stored");
    expect(filesOf(files)).toEqual(["n0"]);
    await clock.pass(10_000);
    expect(ingest.stored.get(id)).toEqual({
      specversion: "1.0",
      id,
      type: "trip",
      source: "/apps/test",
      time: "2026-11-22T08:00:00.000Z",
      subject: "drv_1",
      data: { trip_id: "trp_1" },
    });
    expect(requests[0]).toMatchObject({
      url: "http://ingest/v1/events",
      headers: {
        authorization: "Bearer token",
        "content-type": "application/cloudevents-batch+json",
        "sent-at": String(clock.now()),
      },
      leaving: false,
    });
    expect(client.status()).toMatchObject({ waiting: 0, waitingBytes: 0, delivered: 1, dropped: {} });
    expect(filesOf(files)).toEqual([]);
  });

  test("a critical one does not wait, and goes before what waits", async () => {
    const { clock, requests, start } = makeDevice();
    const client = start();
    client.track("ping", {});
    await clock.pass(5_000);
    expect(requests).toHaveLength(0);
    client.track("sos", {});
    await clock.pass(1);
    const types = (JSON.parse(requests[0]?.body ?? "[]") as { type: string }[]).map(({ type }) => type);
    expect(types).toEqual(["sos", "ping"]);
  });

  test("retry stays, and waits as long as the server says", async () => {
    const { clock, ingest, requests, start } = makeDevice();
    let answer: Network = answerAll("retry", 503, { "retry-after": "120" });
    const client = start({
      network: (request) => {
        requests.push(request);
        return answer(request);
      },
    });
    const { id } = client.track("trip", {});
    await clock.pass(10_000);
    expect(client.status()).toMatchObject({ waiting: 1, delivered: 0 });
    answer = async (request) => ingest.take(request);
    await clock.pass(119_000);
    expect(requests).toHaveLength(1);
    await clock.pass(2_000);
    expect(requests).toHaveLength(2);
    expect(ingest.stored.has(id)).toBe(true);
  });

  test("rejected is counted, told to the app and reported; quarantined is delivered and told", async () => {
    for (const status of ["rejected", "quarantined"]) {
      const { clock, start } = makeDevice();
      const refused: unknown[] = [];
      const sent: string[] = [];
      const answer = answerAll(status, 422);
      const client = start({
        network: (request) => {
          sent.push(...(JSON.parse(request.body) as { type: string }[]).map(({ type }) => type));
          return answer(request);
        },
        onRefused: (event, result) => refused.push([event.type, result.status]),
      });
      client.track("trip", {});
      await clock.pass(10_000);
      const isDropped = status === "rejected";
      expect(client.status()).toMatchObject({
        waiting: 0,
        delivered: isDropped ? 0 : 1,
        quarantined: isDropped ? 0 : 1,
        dropped: isDropped ? { rejected: 1 } : {},
      });
      expect(refused[0]).toEqual(["trip", status]);
      expect(sent.includes(dropReport)).toBe(isDropped);
    }
  });

  test("a report that is refused gives its counts back, and the next start reports them", async () => {
    const { clock, ingest, start } = makeDevice();
    const first = start({ network: answerAll("rejected", 422) });
    first.track("trip", {});
    first.track("trip", {});
    await clock.pass(60_000);
    await first.close();
    const second = start();
    await clock.pass(1);
    await second.flush();
    const reports = [...ingest.stored.values()].filter(({ type }) => type === dropReport);
    expect(reports).toMatchObject([{ data: { dropped: [{ event_type: "trip", reason: "rejected", count: 2 }] } }]);
    expect(reports[0]?.data.client_id).toMatch(/^cli_[0-9a-f-]{36}$/);
  });

  test("an answer that is not of ingest forgets nothing", async () => {
    const { clock, start } = makeDevice();
    const client = start({ network: async () => ({ status: 200, body: "<html>Hotel</html>", header: () => null }) });
    client.track("trip", {});
    await clock.pass(60_000);
    expect(client.status()).toMatchObject({ waiting: 1, delivered: 0 });
  });

  test("the clock offset is learned from the answers", async () => {
    const { clock, start } = makeDevice();
    const client = start();
    clock.wall += 3_600_000;
    client.track("sos", {});
    await clock.pass(1_000);
    const { ms, errorMs } = client.status().clockOffset ?? { ms: 0, errorMs: 0 };
    expect(Math.abs(ms + 3_600_000)).toBeLessThanOrEqual(errorMs);
    expect(errorMs).toBeLessThanOrEqual(1_000);
  });
});

describe("batches", () => {
  test.each([
    ["tiny events", () => 1],
    ["events of all sizes", (random: () => number) => Math.floor(random() ** 4 * 32_000)],
  ])("draining n bytes takes at most n / limit + 1 requests: %s", async (_name, size) => {
    const random = chance(7);
    const { clock, ingest, requests, start } = makeDevice();
    const client = start({ consent: "pending" });
    for (let event = 0; event < 5_000; event++) client.track("trip", { text: "x".repeat(size(random)) });
    await clock.pass(1);
    const { waiting, waitingBytes } = client.status();
    expect(waiting).toBe(client.status().dropped.evicted === undefined ? 5_000 : waiting);
    await client.setConsent("granted");
    await client.flush();
    expect(ingest.stored.size).toBeGreaterThanOrEqual(waiting);
    const withEvents = requests.filter(({ body }) => !body.includes(dropReport));
    expect(withEvents.length).toBeLessThanOrEqual(waitingBytes / 131_072 + 1);
  });

  test("a request that is too large is halved until the one at fault is alone", async () => {
    const { clock, ingest, start } = makeDevice();
    ingest.maxBytes = 5_000;
    const client = start();
    for (let event = 0; event < 20; event++) client.track("trip", { text: "x".repeat(event === 7 ? 6_000 : 100) });
    await clock.pass(60_000);
    expect(client.status()).toMatchObject({ waiting: 0, dropped: { too_large: 1 } });
    expect([...ingest.stored.values()].filter(({ type }) => type === "trip")).toHaveLength(19);
  });

  test("devices that failed together do not come back together: full jitter", async () => {
    const returns: number[] = [];
    for (let device = 0; device < 50; device++) {
      const { clock, start } = makeDevice({ random: chance(device) });
      let failures = 0;
      const client = start({
        network: async () => {
          if (++failures === 5) returns.push(clock.monotonic());
          throw new Error("away");
        },
      });
      client.track("trip", {});
      await clock.pass(120_000);
      expect(failures).toBeGreaterThanOrEqual(5);
    }
    const seconds = new Set(returns.map((at) => Math.floor(at / 1_000)));
    expect(seconds.size).toBeGreaterThan(10);
  });
});

describe("the queue", () => {
  test("adding costs the storage the same at 50,000 waiting events as at none", async () => {
    const { clock, files, start } = makeDevice();
    let operations = 0;
    let chars = 0;
    const memory = memoryStorage(files);
    const storage: Storage = {
      ...memory,
      append: (name, text) => {
        operations++;
        chars += text.length;
        return memory.append(name, text);
      },
    };
    const client = start({ storage, consent: "pending", maxQueueBytes: 100_000_000 });
    await clock.pass(1);
    const costs: { operations: number; chars: number }[] = [];
    for (let thousand = 0; thousand < 50; thousand++) {
      operations = chars = 0;
      for (let event = 0; event < 1_000; event++) await client.track("ping", { n: 1 }).kept;
      costs.push({ operations, chars });
    }
    expect(client.status().waiting).toBe(50_000);
    // One append each, and only the numbers in it grow.
    expect(costs.map((cost) => cost.operations)).toEqual(costs.map(() => 1_000));
    const [first, last] = [costs[0]?.chars ?? 0, costs.at(-1)?.chars ?? 0];
    expect(last).toBeLessThan(first * 1.05);
  });

  test("bulk goes first, critical last, and each is counted", async () => {
    const { clock, ingest, start } = makeDevice();
    const client = start({ consent: "pending", maxQueueBytes: 20_000 });
    await clock.pass(1);
    const data = { text: "x".repeat(800) };
    for (const type of ["sos", "trip", "ping"]) {
      for (let event = 0; event < 8; event++) await client.track(type, data).kept;
    }
    for (let event = 0; event < 10; event++) await client.track("trip", data).kept;
    await client.setConsent("granted");
    await client.flush();
    const count = (wanted: string) => [...ingest.stored.values()].filter(({ type }) => type === wanted).length;
    expect(count("ping")).toBe(0);
    expect(count("sos")).toBe(8);
    expect(count("trip") + count("sos") + (client.status().dropped.evicted ?? 0)).toBe(34);
    const [report] = [...ingest.stored.values()].filter(({ type }) => type === dropReport);
    expect(report?.data.dropped).toEqual([
      { event_type: "ping", reason: "evicted", count: 8 },
      { event_type: "trip", reason: "evicted", count: 18 - count("trip") },
    ]);
  });
});

test("what another tab left is taken over: its events, its counts, and its report that had not arrived", async () => {
  const { clock, ingest, files, start } = makeDevice();
  let heard = 0;
  const other = start({
    network: async (request) => {
      // The first request is answered, the report after it is lost.
      if (++heard > 1) throw new Error("away");
      return ingest.take(request);
    },
  });
  other.switchOff(["ping"]);
  await other.track("ping", {}).kept;
  await other.track("sos", {}).kept;
  await clock.pass(1);
  other.switchOff(["ping", "trip"]);
  await other.track("trip", {}).kept;
  await other.setConsent("pending");
  await other.track("sos", {}).kept;
  clock.forgetTimers();
  for (const [name, text] of [...files]) {
    files.delete(name);
    files.set(`0b7e/${name}`, text);
  }
  expect([...files.keys()].sort()).toEqual(["0b7e/c1", "0b7e/dropped"]);
  const client = start();
  client.track("sos", {});
  await clock.pass(1);
  await client.flush();
  await client.flush();
  const stored = [...ingest.stored.values()];
  expect(stored.filter(({ type }) => type === "sos")).toHaveLength(3);
  const reports = stored.filter(({ type }) => type === dropReport).flatMap(({ data }) => data.dropped);
  expect(reports).toEqual([
    { event_type: "ping", reason: "switched_off", count: 1 },
    { event_type: "trip", reason: "switched_off", count: 1 },
  ]);
  expect([...files.keys()]).toEqual(["dropped"]);
});

describe("the app's wishes", () => {
  test("consent: pending keeps, denied purges the device and breaks the link to it, and the counts stay", async () => {
    const { clock, ingest, files, requests, start } = makeDevice();
    const client = start({ consent: "pending" });
    client.track("trip", {});
    await clock.pass(60_000);
    expect(requests).toHaveLength(0);
    expect(filesOf(files)).toHaveLength(1);
    await client.setConsent("denied");
    expect(filesOf(files)).toEqual([]);
    expect(await client.track("trip", {}).kept).toBe("dropped");
    await clock.pass(60_000);
    expect(requests).toHaveLength(0);
    await client.close();
    const again = start({ consent: "denied" });
    await clock.pass(1);
    await again.setConsent("granted");
    await again.flush();
    expect([...ingest.stored.values()].map(({ data }) => data.dropped)).toEqual([
      [{ event_type: "trip", reason: "no_consent", count: 2 }],
    ]);
  });

  test("what an earlier run left is purged when the app starts without consent", async () => {
    const { clock, files, start } = makeDevice();
    const first = start({ consent: "pending" });
    await first.track("trip", {}).kept;
    expect(filesOf(files)).toHaveLength(1);
    start({ consent: "denied" });
    await clock.pass(1);
    expect(filesOf(files)).toEqual([]);
  });

  test("a type that is switched off from afar is dropped and counted, also what waits of it", async () => {
    const { clock, ingest, start } = makeDevice();
    let off: readonly string[] = [];
    const client = start({ switchedOff: async () => off, consent: "pending" });
    await client.track("ping", {}).kept;
    await client.track("trip", {}).kept;
    off = ["ping"];
    await clock.pass(900_000);
    expect(await client.track("ping", {}).kept).toBe("dropped");
    expect(client.status()).toMatchObject({ waiting: 1, dropped: { switched_off: 2 } });
    off = [];
    await clock.pass(900_000);
    await client.track("ping", {}).kept;
    await client.setConsent("granted");
    await client.flush();
    const types = [...ingest.stored.values()].map(({ type }) => type);
    expect(types).toEqual(["trip", "ping", dropReport]);
  });

  test("going to the background sends at once, as a request that outlives the page; coming back tries again at once", async () => {
    const { clock, ingest, requests, start } = makeDevice();
    let leave = () => undefined as unknown;
    let back = () => undefined as unknown;
    let away = true;
    const client = start({
      network: async (request) => {
        requests.push(request);
        if (away) throw new Error("away");
        return ingest.take(request);
      },
      lifecycle: {
        onLeave: (callback) => {
          leave = callback;
          return () => undefined;
        },
        onReturn: (callback) => {
          back = callback;
          return () => undefined;
        },
      },
    });
    await client.track("trip", {}).kept;
    leave();
    await clock.pass(0);
    expect(requests.map(({ leaving }) => leaving)).toEqual([true]);
    away = false;
    back();
    await clock.pass(0);
    expect(requests.map(({ leaving }) => leaving)).toEqual([true, false]);
    expect(client.status().delivered).toBe(1);
  });

  test("nothing that goes wrong is thrown into the app", async () => {
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    const broken = () => {
      throw new Error("broken");
    };
    const storage: Storage = { list: broken, read: broken, append: broken, write: broken, remove: broken };
    const { clock, start } = makeDevice();
    const client = start({
      storage,
      network: broken,
      key: broken,
      switchedOff: broken,
      onDrop: broken,
      onProblem: broken,
      onRefused: broken,
    });
    expect(await client.track("trip", cyclic).kept).toBe("dropped");
    expect(await client.track("trip", { n: 1n }).kept).toBe("dropped");
    const { kept } = client.track("trip", {});
    await clock.pass(1);
    expect(await kept).toBe("memory");
    client.switchOff(["ping"]);
    await client.flush();
    await client.setConsent("denied");
    await client.close();
    expect(await client.track("trip", {}).kept).toBe("dropped");
    expect(client.status().dropped).toEqual({ invalid: 2, no_consent: 1, closed: 1 });
  });

  test("without a storage that works, events are sent from memory", async () => {
    const { clock, ingest, start } = makeDevice();
    const away = async (): Promise<never> => {
      throw new Error("away");
    };
    const client = start({ storage: { list: away, read: away, append: away, write: away, remove: away } });
    client.track("trip", {});
    await clock.pass(10_000);
    expect(ingest.stored.size).toBe(1);
  });
});
