import { beforeEach, expect, test } from "vitest";
import { disabledByHand, disableEndpoint } from "../../../sinks/webhook/endpoint-health.ts";
import { type ReplayFilter, replayDeliveries } from "../../../sinks/webhook/replay.ts";
import { eventually } from "../../support/wait.ts";
import { addEndpoint, deliveriesOf, enqueueAlerts, type TestReceiver } from "./support.ts";
import { useWebhooks } from "./use-webhooks.ts";

const webhooks = useWebhooks();
let receiver: TestReceiver;
/** What the receiver answers. */
let status = 204;
beforeEach(async () => {
  receiver = await webhooks.receiver((response) => response.writeHead(status).end());
});

const sender = (delays = "0.02") => webhooks.sender({ "webhook-retry-delays": delays, "webhook-concurrency": "1" });
const replay = (filter: Partial<ReplayFilter> = {}, dryRun = false) =>
  replayDeliveries(webhooks.db, { state: "exhausted", overtaken: false, ...filter }, dryRun);
const ended = (state: string, n: number) =>
  eventually(async () =>
    expect(await webhooks.db.query("select from webhook.deliveries where state = $1", [state])).toHaveLength(n),
  );

test("what is exhausted is sent again under its id, with the whole schedule before it and behind new alerts", async () => {
  status = 500;
  const { id } = await addEndpoint(webhooks.db, receiver.url);
  await enqueueAlerts(webhooks.db, ["msg_1", "msg_2", "msg_3"]);
  await sender();
  await ended("exhausted", 3);
  await webhooks.endNewest();
  expect(await replay({ endpointId: id }, true)).toEqual({ replayed: 3, overtaken: 0, inactive: 0 });
  expect((await deliveriesOf(webhooks.db)).msg_1).toEqual({ state: "exhausted", attempts: 2 });

  receiver.received.splice(0);
  expect(await replay({ messageId: "msg_2" })).toEqual({ replayed: 1, overtaken: 0, inactive: 0 });
  await enqueueAlerts(webhooks.db, ["new"]);
  await sender();
  await ended("exhausted", 4);
  // Both had a first and a second attempt, the new one went first.
  expect(receiver.received.map((each) => each.id)[0]).toBe("new");
  expect(await deliveriesOf(webhooks.db)).toEqual({
    msg_1: { state: "exhausted", attempts: 2 },
    msg_2: { state: "exhausted", attempts: 4 },
    msg_3: { state: "exhausted", attempts: 2 },
    new: { state: "exhausted", attempts: 2 },
  });

  status = 204;
  expect((await replay({ endpointId: id })).replayed).toBe(4);
  await ended("delivered", 4);
  expect((await replay()).replayed).toBe(0);
});

test("old news is not sent after new news of the same alert, unless that is asked for", async () => {
  await addEndpoint(webhooks.db, receiver.url);
  await enqueueAlerts(webhooks.db, ["firing", "resolved"], { alert_key: "one-alert" });
  await enqueueAlerts(webhooks.db, ["other"]);
  await webhooks.db.execute(
    "update webhook.deliveries set state = 'exhausted', finished_at = now() where message_id <> 'resolved'",
  );
  status = 204;
  await sender();
  await ended("delivered", 1);
  expect(await replay()).toEqual({ replayed: 1, overtaken: 1, inactive: 0 });
  await ended("delivered", 2);
  expect(await replay({ overtaken: true })).toEqual({ replayed: 1, overtaken: 0, inactive: 0 });
  await ended("delivered", 3);
  expect(receiver.received.map((each) => each.id)).toEqual(["resolved", "other", "firing"]);
});

test("a receiver that has lost what it had gets what was delivered again, of the time that is said, in order", async () => {
  status = 204;
  await addEndpoint(webhooks.db, receiver.url);
  await enqueueAlerts(webhooks.db, ["long ago"]);
  await webhooks.db.execute("update webhook.deliveries set created_at = now() - interval '2 days'");
  await enqueueAlerts(webhooks.db, ["firing", "resolved"], { alert_key: "one-alert" });
  await sender();
  await ended("delivered", 3);
  const since = new Date(Date.now() - 86_400_000);
  const filter = { state: "delivered", since, alertKey: "one-alert", overtaken: true } as const;
  expect(await replay(filter)).toEqual({ replayed: 2, overtaken: 0, inactive: 0 });
  await ended("delivered", 3);
  await eventually(() => expect(receiver.received).toHaveLength(5));
  expect(receiver.received.slice(3).map((each) => each.id)).toEqual(["firing", "resolved"]);
  expect((await replay({ state: "delivered", until: since }, true)).replayed).toBe(1);
});

test("a disabled endpoint gets nothing", async () => {
  const { id } = await addEndpoint(webhooks.db, receiver.url);
  await enqueueAlerts(webhooks.db, ["msg_1"]);
  await disableEndpoint(webhooks.db, id, disabledByHand);
  expect(await replay()).toEqual({ replayed: 0, overtaken: 0, inactive: 1 });
  expect(await deliveriesOf(webhooks.db)).toEqual({ msg_1: { state: "exhausted", attempts: 0 } });
});
