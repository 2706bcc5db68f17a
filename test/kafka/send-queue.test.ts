import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { createSendQueue, type SendPart } from "../../kafka/send-queue.ts";
import { PipelineError } from "../../runtime/index.ts";

const limits = {
  maxBufferedBytes: 1_000_000,
  maxRequestBytes: 10_000,
  maxRequestRecords: 10,
  deliveryTimeoutMs: 1_000,
  lingerMs: 0,
};
afterEach(() => void vi.useRealTimers());

const record = (text: string, size = 0) => ({ key: text, value: Buffer.alloc(size) });
const keys = (request: readonly SendPart[] | undefined) =>
  (request ?? []).flatMap((part) => part.records.slice(part.from, part.to).map((r) => String(r.key)));

test("records leave in the order of the calls, in requests within the bounds, each exactly once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.nat(3_000), { maxLength: 25 }), { minLength: 1, maxLength: 12 }),
      async (calls) => {
        const queue = createSendQueue(limits);
        const sent = calls.map((sizes, c) =>
          queue.send(
            "t",
            sizes.map((size, i) => record(`${c}-${i}`, size)),
          ),
        );
        queue.close();
        const seen: string[] = [];
        for (let request = await queue.next(); request !== undefined; request = await queue.next()) {
          expect(keys(request).length).toBeLessThanOrEqual(limits.maxRequestRecords);
          seen.push(...keys(request));
          queue.acknowledge(request);
        }
        await Promise.all(sent);
        expect(seen).toEqual(calls.flatMap((sizes, c) => sizes.map((_, i) => `${c}-${i}`)));
        expect(queue.bufferedBytes()).toBe(0);
      },
    ),
  );
});

test("a call resolves only when all of its records are acknowledged", async () => {
  const queue = createSendQueue(limits);
  let done = false;
  const sent = queue
    .send(
      "t",
      Array.from({ length: 15 }, (_, i) => record(`${i}`)),
    )
    .then(() => {
      done = true;
    });
  const first = (await queue.next()) ?? [];
  queue.acknowledge(first);
  await Promise.resolve();
  expect(done).toBe(false);
  queue.acknowledge((await queue.next()) ?? []);
  await sent;
  expect(done).toBe(true);
});

test("a failed request rejects its calls and keeps the rest of them from being sent", async () => {
  const queue = createSendQueue(limits);
  const broken = queue.send(
    "t",
    Array.from({ length: 15 }, (_, i) => record(`a${i}`)),
  );
  const later = queue.send("t", [record("b")]);
  queue.fail((await queue.next()) ?? [], new PipelineError("kafka_produce_failed"));
  await expect(broken).rejects.toMatchObject({ code: "kafka_produce_failed" });
  const next = (await queue.next()) ?? [];
  expect(keys(next)).toEqual(["b"]);
  queue.acknowledge(next);
  await later;
});

test("a call past its time is rejected and never sent", async () => {
  const queue = createSendQueue(limits);
  const late = queue.send("t", [record("late")]);
  queue.expire(performance.now() + 2_000);
  await expect(late).rejects.toMatchObject({ code: "kafka_produce_failed", retryable: true });
  const fresh = queue.send("t", [record("fresh")]);
  const request = (await queue.next()) ?? [];
  expect(keys(request)).toEqual(["fresh"]);
  queue.acknowledge(request);
  await fresh;
});

test("what is full or too large is refused at once and takes no memory", async () => {
  const queue = createSendQueue({ ...limits, maxBufferedBytes: 6_000 });
  const kept = queue.send("t", [record("a", 5_000)]);
  await expect(queue.send("t", [record("b", 5_000)])).rejects.toMatchObject({ code: "kafka_produce_buffer_full" });
  await expect(queue.send("t", [record("c", 20_000)])).rejects.toMatchObject({ code: "kafka_record_too_large" });
  queue.acknowledge((await queue.next()) ?? []);
  await kept;
  expect(queue.bufferedBytes()).toBe(0);
});

test("calls that come within the linger of a request share the next one; large ones do not wait for it", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "performance"] });
  const queue = createSendQueue({ ...limits, lingerMs: 60_000, maxRequestBytes: 1_000_000 });
  void queue.send("t", [record("first")]);
  const first = await queue.next();
  expect(keys(first)).toEqual(["first"]);
  queue.acknowledge(first ?? []);

  void queue.send("t", [record("large", 200 * 1024)]);
  expect(keys(await queue.next())).toEqual(["large"]);

  const short = createSendQueue({ ...limits, lingerMs: 30 });
  void short.send("t", [record("first")]);
  short.acknowledge((await short.next()) ?? []);
  void short.send("t", [record("second")]);
  const next = short.next();
  await vi.advanceTimersByTimeAsync(29);
  void short.send("t", [record("third")]);
  await vi.advanceTimersByTimeAsync(1);
  expect(keys(await next)).toEqual(["second", "third"]);
});
