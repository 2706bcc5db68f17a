import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestStack, type TestStack } from "../support/stack.ts";
import { eventually } from "../support/wait.ts";
import { type Door, idsOf, openDoor, recordsOf } from "./door.ts";
import { locationEvent } from "./knowledge.ts";

let stack: TestStack;
let door: Door;
beforeAll(async () => {
  stack = await startTestStack();
  door = await openDoor(stack, { "ingest-produce-timeout-ms": "1000" });
});
afterAll(async () => {
  await door?.close();
  await stack?.stop();
});

test("while the broker is away events are answered retry with Retry-After, and accepted again when it is back", async () => {
  const prefix = randomUUID();
  let serial = 0;
  const event = () => locationEvent({ id: `${prefix}-${String(serial++).padStart(4, "0")}` });
  const unknown = locationEvent({ id: randomUUID() });
  const accepted: string[] = [];
  const sent: string[] = [];
  const post = async () => {
    const events = [event(), event()];
    sent.push(...events.map((e) => e.id as string));
    const answer = await door.post([...events, 7]);
    for (const { id, status } of answer.body.results) if (status === "accepted") accepted.push(id ?? "");
    return answer;
  };
  // A broker that has just started may need more than the second that a request waits here.
  await eventually(async () => (await post()).status === 207, { everyMs: 200 });

  const pid = stack.stack.children.find(({ name }) => name.includes("afka"))?.pid;
  if (pid === undefined) throw new Error("the stack has no Kafka");
  process.kill(pid, "SIGSTOP");
  try {
    const answer = await post();
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toSatisfy((s: number) => Number.isInteger(s) && s >= 1 && s <= 5);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.body).toMatchObject({ code: "kafka_produce_failed", accepted: 0, rejected: 1, retry: 2 });
    expect(answer.body.results.map(({ status }) => status)).toEqual(["retry", "retry", "rejected"]);
    await eventually(async () => (await fetch(`${door.url}/ready`)).status === 503);
    expect((await fetch(`${door.url}/live`)).status).toBe(200);
    expect((await door.post(unknown)).body.results).toMatchObject([{ status: "retry" }]);
  } finally {
    process.kill(pid, "SIGCONT");
  }
  await eventually(async () => (await post()).status === 207, { everyMs: 200 });

  // What was not acknowledged is not remembered: sent again it is new, and only then known.
  const again = await eventually(
    async () => {
      const [result] = (await door.post(unknown)).body.results;
      return result?.status !== "retry" && result;
    },
    { everyMs: 200 },
  );
  expect(again).toMatchObject({ status: "accepted" });
  expect((await door.post(unknown)).body.results).toMatchObject([{ status: "duplicate" }]);

  const found = idsOf(await recordsOf(door.connection, ["driver-locations"], prefix, accepted.length));
  expect(found).toEqual(expect.arrayContaining(accepted));
  // What was answered retry may be there or not, but nothing is there twice and nothing that was not sent.
  expect(new Set(found).size).toBe(found.length);
  expect(sent).toEqual(expect.arrayContaining(found));
});
