import { type AddressInfo, createServer } from "node:net";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { deleteEndpoint } from "../../../sinks/webhook/endpoint-health.ts";
import { rotateSecret } from "../../../sinks/webhook/endpoints.ts";
import { createSecret } from "../../../sinks/webhook/sign.ts";
import { eventually } from "../../support/wait.ts";
import { addEndpoint, attemptsOf, deliveriesOf, enqueueAlerts } from "./support.ts";
import { useWebhooks } from "./use-webhooks.ts";

const webhooks = useWebhooks();
const { receiver, sender } = webhooks;

test("a delivery is signed for the official library, and done after any 2xx", async () => {
  const { url, received } = await receiver((response) => response.writeHead(202).end("thanks"));
  const { secret } = await addEndpoint(webhooks.db, url);
  await enqueueAlerts(webhooks.db, ["msg_1"]);
  await sender();
  await eventually(async () =>
    expect(await deliveriesOf(webhooks.db)).toEqual({ msg_1: { state: "delivered", attempts: 1 } }),
  );
  const [only, ...others] = received;
  expect(others).toEqual([]);
  expect(only?.headers["content-type"]).toBe("application/cloudevents+json; charset=utf-8");
  const headers = only?.headers as Record<string, string>;
  expect(new Webhook(secret).verify(only?.body ?? "", headers)).toMatchObject({ id: "msg_1" });
  expect(() => new Webhook(secret).verify(`${only?.body} `, headers)).toThrow();
  expect(() => new Webhook(secret).verify(only?.body ?? "", { ...headers, "webhook-id": "msg_2" })).toThrow();
  expect(() => new Webhook(createSecret()).verify(only?.body ?? "", headers)).toThrow();
  expect(await attemptsOf(webhooks.db, "msg_1")).toEqual(["delivered 202"]);
});

test("through a rotation every delivery verifies by the official library, whichever of the valid secrets a receiver has", async () => {
  const { url, received } = await receiver();
  const { id, secret: first } = await addEndpoint(webhooks.db, url);
  await sender();
  const sendSome = async (name: string) => {
    const ids = Array.from({ length: 20 }, (_, i) => `${name}_${i}`);
    await enqueueAlerts(webhooks.db, ids);
    await eventually(() => expect(received.filter((each) => each.id.startsWith(`${name}_`))).toHaveLength(20));
  };
  const verifies = (secret: string, name: string) =>
    received
      .filter((each) => each.id.startsWith(`${name}_`))
      .map(({ body, headers }) => {
        try {
          return new Webhook(secret).verify(body, headers as Record<string, string>) !== undefined;
        } catch {
          return false;
        }
      });
  const [all, none] = [Array(20).fill(true), Array(20).fill(false)];

  await sendSome("before");
  const { secret: second } = await rotateSecret(webhooks.db, id, 24);
  await sendSome("during");
  const { secret: third } = await rotateSecret(webhooks.db, id, 24);
  await sendSome("twice");
  await webhooks.db.execute("update webhook.endpoints set old_secrets_until = now() where endpoint_id = $1", [id]);
  await sendSome("after");
  const { secret: fourth } = await rotateSecret(webhooks.db, id, 0);
  await sendSome("leaked");

  expect([first, second].map((secret) => verifies(secret, "before"))).toEqual([all, none]);
  expect([first, second, third].map((secret) => verifies(secret, "during"))).toEqual([all, all, none]);
  expect([first, second, third].map((secret) => verifies(secret, "twice"))).toEqual([all, all, all]);
  expect([first, second, third].map((secret) => verifies(secret, "after"))).toEqual([none, none, all]);
  expect([third, fourth].map((secret) => verifies(secret, "leaked"))).toEqual([none, all]);
});

test("after a 500 the same message comes again under the same id, signed anew", async () => {
  const { url, received } = await receiver((response, _received, nth) =>
    response.writeHead(nth < 3 ? 500 : 200).end("no"),
  );
  const { secret } = await addEndpoint(webhooks.db, url);
  await enqueueAlerts(webhooks.db, ["msg_1"]);
  await sender();
  await eventually(async () =>
    expect(await deliveriesOf(webhooks.db)).toEqual({ msg_1: { state: "delivered", attempts: 3 } }),
  );
  expect(received.map(({ id }) => id)).toEqual(["msg_1", "msg_1", "msg_1"]);
  expect(new Set(received.map(({ body }) => body)).size).toBe(1);
  for (const { body, headers } of received) {
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toBeDefined();
  }
  expect(await attemptsOf(webhooks.db, "msg_1")).toEqual(["declined 500", "declined 500", "delivered 200"]);
});

test("when no attempt is left the delivery is kept as exhausted", async () => {
  const { url, received } = await receiver((response) => response.writeHead(503).end());
  await addEndpoint(webhooks.db, url);
  await enqueueAlerts(webhooks.db, ["msg_1"]);
  await sender();
  await eventually(async () =>
    expect(await deliveriesOf(webhooks.db)).toEqual({ msg_1: { state: "exhausted", attempts: 4 } }),
  );
  expect(received).toHaveLength(4);
});

test("a target inside is refused at every attempt, without a connection", async () => {
  let connections = 0;
  const canary = createServer(() => connections++);
  await new Promise<void>((resolve) => canary.listen(0, "127.0.0.1", resolve));
  const { port } = canary.address() as AddressInfo;
  // As if rules had been looser when it was added.
  await addEndpoint(webhooks.db, `http://127.0.0.1:${port}/`);
  await addEndpoint(webhooks.db, `http://localhost:${port}/`);
  await enqueueAlerts(webhooks.db, ["msg_1"]);
  await sender({ "webhook-allow-targets": "", "webhook-retry-delays": "0.05" });
  await eventually(async () => {
    const states = await webhooks.db.query<{ state: string }>("select state from webhook.deliveries");
    expect(states.map(({ state }) => state)).toEqual(["exhausted", "exhausted"]);
  });
  const results = await webhooks.db.query<{ result: string }>("select distinct result from webhook.attempts");
  expect(results).toEqual([{ result: "target_refused" }]);
  expect(connections).toBe(0);
  await new Promise((resolve) => canary.close(resolve));
});

test("deliveries of one alert arrive in order, also when the first one fails at first", async () => {
  const { url, received } = await receiver((response, _received, nth) =>
    response.writeHead(nth === 1 ? 500 : 200).end(),
  );
  await addEndpoint(webhooks.db, url);
  await enqueueAlerts(webhooks.db, ["firing", "resolved"], { alert_key: "one-alert" });
  await sender();
  await eventually(async () => expect((await deliveriesOf(webhooks.db)).resolved?.state).toBe("delivered"));
  expect(received.map(({ id }) => id)).toEqual(["firing", "firing", "resolved"]);
});

test("the same message twice is one delivery", async () => {
  const { url, received } = await receiver();
  await addEndpoint(webhooks.db, url);
  await enqueueAlerts(webhooks.db, ["msg_1", "msg_2"]);
  await enqueueAlerts(webhooks.db, ["msg_1", "msg_2"]);
  await sender();
  await eventually(async () => expect((await deliveriesOf(webhooks.db)).msg_2?.state).toBe("delivered"));
  await enqueueAlerts(webhooks.db, ["msg_1", "msg_3"]);
  await eventually(async () => expect((await deliveriesOf(webhooks.db)).msg_3?.state).toBe("delivered"));
  expect(received.map(({ id }) => id).sort()).toEqual(["msg_1", "msg_2", "msg_3"]);
});

test("a receiver that hangs delays no other", async () => {
  const dead = await receiver(() => undefined);
  const healthy = await receiver();
  const { id } = await addEndpoint(webhooks.db, dead.url);
  await addEndpoint(webhooks.db, healthy.url);
  await sender({ "webhook-timeout-ms": "60000" });
  await enqueueAlerts(
    webhooks.db,
    Array.from({ length: 100 }, (_, i) => `msg_${i}`),
  );
  await eventually(() => expect(healthy.received).toHaveLength(100));
  // All of them went past attempts that have not ended yet, and no more than its share was tried of the dead one.
  await eventually(() => expect(dead.received).toHaveLength(8));
  const attempts = await webhooks.db.query<{ result: string | null }>(
    "select a.result from webhook.attempts a join webhook.deliveries d using (delivery_id) where d.endpoint_id = $1",
    [id],
  );
  expect(attempts).toEqual(Array(8).fill({ result: null }));
  await dead.stop();
});

test("what is critical goes first, then the other alerts by their age", async () => {
  const { url, received } = await receiver();
  await addEndpoint(webhooks.db, url);
  await enqueueAlerts(webhooks.db, ["info_1", "info_2"]);
  await enqueueAlerts(webhooks.db, ["sos_1", "sos_2"], { alert_key: "sos", severity: "critical" });
  await enqueueAlerts(webhooks.db, ["info_3"]);
  await sender({ "webhook-concurrency": "1" });
  await eventually(() => expect(received).toHaveLength(5));
  expect(received.map(({ id }) => id)).toEqual(["sos_1", "sos_2", "info_1", "info_2", "info_3"]);
});

test("an endpoint gets no more messages a second than it may", async () => {
  const slow = await receiver();
  const quick = await receiver();
  await addEndpoint(webhooks.db, slow.url, { rate_per_second: 10 });
  await addEndpoint(webhooks.db, quick.url);
  const began = performance.now();
  await sender();
  await enqueueAlerts(
    webhooks.db,
    Array.from({ length: 20 }, (_, i) => `msg_${i}`),
  );
  await eventually(() => expect(slow.received).toHaveLength(20));
  // Ten at once, the other ten at ten a second: counted from before the first, which may be late itself.
  expect((slow.received[19]?.at ?? 0) - began).toBeGreaterThan(990);
  await eventually(() => expect(quick.received).toHaveLength(20));
});

test("endpoints get what they want, in the form that they want", async () => {
  const [all, slack, alertmanager] = [await receiver(), await receiver(), await receiver()];
  const { secret } = await addEndpoint(webhooks.db, all.url);
  await addEndpoint(webhooks.db, slack.url, { format: "slack", least_severity: "warning" });
  await addEndpoint(webhooks.db, alertmanager.url, {
    format: "alertmanager",
    labels: { city: ["cty_nyc"] },
    name: "ops",
  });
  await enqueueAlerts(webhooks.db, ["msg_1"], { labels: { city: "cty_nyc" } });
  await enqueueAlerts(webhooks.db, ["msg_2"], { severity: "warning", alert_key: "k2" });
  await sender();
  await eventually(async () =>
    expect(await webhooks.db.query("select from webhook.deliveries where state = 'delivered'")).toHaveLength(4),
  );
  expect(all.received.map(({ id }) => id).sort()).toEqual(["msg_1", "msg_2"]);
  expect(slack.received.map(({ id, body }) => [id, JSON.parse(body).text])).toEqual([["msg_2", "*WARNING: test*"]]);
  expect(slack.received[0]?.headers["content-type"]).toBe("application/json; charset=utf-8");
  expect(alertmanager.received.map(({ id, body }) => [id, JSON.parse(body).receiver])).toEqual([["msg_1", "ops"]]);
  const { body, headers } = all.received[0] ?? { body: "", headers: {} };
  expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({ type: "alert" });
});

test("a deleted endpoint gets nothing more and its secret is gone", async () => {
  const { url, received } = await receiver();
  const { id } = await addEndpoint(webhooks.db, url);
  await enqueueAlerts(webhooks.db, ["msg_1"]);
  await deleteEndpoint(webhooks.db, id);
  await enqueueAlerts(webhooks.db, ["msg_2"]);
  const other = await receiver();
  await addEndpoint(webhooks.db, other.url);
  await enqueueAlerts(webhooks.db, ["msg_3"]);
  await sender();
  await eventually(() => expect(other.received).toHaveLength(1));
  expect(received).toEqual([]);
  expect(await webhooks.db.query("select secrets from webhook.endpoints where endpoint_id = $1", [id])).toEqual([
    { secrets: [] },
  ]);
  await expect(deleteEndpoint(webhooks.db, id)).rejects.toMatchObject({ code: "webhook_endpoint_unknown" });
});

test("stop waits for the attempt under way and writes its end", async () => {
  const { promise: isAsked, resolve: answer } = Promise.withResolvers<void>();
  const { url, received } = await receiver((response) => isAsked.then(() => response.writeHead(200).end()));
  await addEndpoint(webhooks.db, url);
  await enqueueAlerts(webhooks.db, ["msg_1"]);
  const started = await sender();
  await eventually(() => expect(received).toHaveLength(1));
  const stopped = started.stop();
  expect(await deliveriesOf(webhooks.db)).toEqual({ msg_1: { state: "pending", attempts: 1 } });
  answer();
  await stopped;
  expect(await deliveriesOf(webhooks.db)).toEqual({ msg_1: { state: "delivered", attempts: 1 } });
});
