import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import {
  deleteEndpoint,
  disabledByHand,
  disableEndpoint,
  enableEndpoint,
} from "../../../sinks/webhook/endpoint-health.ts";
import { editEndpoint, listEndpoints, rotateSecret } from "../../../sinks/webhook/endpoints.ts";
import { deleteOld, tidy } from "../../../sinks/webhook/housekeeping.ts";
import { eventually } from "../../support/wait.ts";
import { addEndpoint, attemptsOf, type Behaviour, deliveriesOf, enqueueAlerts } from "./support.ts";
import { useWebhooks } from "./use-webhooks.ts";

const webhooks = useWebhooks();
const { receiver } = webhooks;
const sender = () => webhooks.sender({ "webhook-retry-delays": "60" });
const broken: Behaviour = (response) => response.writeHead(500).end();

/** As if attempts had failed from then until then. */
function failing(id: string, since: string, until: string): Promise<number> {
  return webhooks.db.execute(
    "update webhook.endpoints set failing_since = now() - $2::interval, failed_at = now() - $3::interval where endpoint_id = $1",
    [id, since, until],
  );
}
async function stateOf(id: string) {
  return (await listEndpoints(webhooks.db)).find((each) => each.endpoint_id === id);
}

test("after five days of failure an endpoint is disabled, and the others get one alert about it", async () => {
  const [dead, other, second] = [await receiver(broken), await receiver(), await receiver()];
  const { id } = await addEndpoint(webhooks.db, dead.url, { name: "night shift" });
  const { secret } = await addEndpoint(webhooks.db, other.url, { rules: ["webhook-endpoint-disabled"] });
  await addEndpoint(webhooks.db, second.url, { least_severity: "critical" });
  await failing(id, "121 hours", "1 hour");
  await enqueueAlerts(webhooks.db, ["msg_1", "msg_2"]);
  await sender();

  await eventually(() => expect([other.received.length, second.received.length]).toEqual([1, 1]));
  expect(await stateOf(id)).toMatchObject({
    state: "disabled",
    disabled_reason: "every attempt has failed for 5 days",
  });
  const { body, headers } = other.received[0] ?? { body: "", headers: {} };
  expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({
    type: "alert",
    data: {
      rule: "webhook-endpoint-disabled",
      severity: "critical",
      status: "firing",
      alert_key: `webhook-endpoint-disabled/${id}`,
      labels: { endpoint: id, endpoint_name: "night shift" },
      summary: expect.stringContaining("night shift"),
    },
  });
  await eventually(async () => expect(await attemptsOf(webhooks.db, "msg_1")).toEqual(["declined 500"]));
  expect(await deliveriesOf(webhooks.db)).toMatchObject({
    msg_1: { state: "exhausted" },
    msg_2: { state: "exhausted" },
  });

  await enqueueAlerts(webhooks.db, ["msg_3"]);
  expect((await deliveriesOf(webhooks.db)).msg_3).toEqual({ state: "exhausted", attempts: 0 });
  // It is mended first, which is no other incident.
  await editEndpoint(webhooks.db, id, { name: "day shift" });
  await rotateSecret(webhooks.db, id, 0);
  expect(await enableEndpoint(webhooks.db, id)).toEqual({ kept: 3 });
  await eventually(() => expect(other.received).toHaveLength(2));
  const { alert_id, started_at } = JSON.parse(body).data;
  expect(JSON.parse(other.received[1]?.body ?? "{}").data).toMatchObject({
    ...{ status: "resolved", alert_key: `webhook-endpoint-disabled/${id}`, alert_id, started_at },
    summary: `The webhook day shift (${id}) gets alerts again.`,
  });
  // Enabled twice, nobody hears it twice.
  await enableEndpoint(webhooks.db, id);
  expect(
    await webhooks.db.query("select from webhook.deliveries where alert_key like 'webhook-endpoint%'"),
  ).toHaveLength(4);
});

test("a disabled endpoint that is deleted is told to be over", async () => {
  const [dead, other] = [await receiver((response) => response.writeHead(410).end()), await receiver()];
  const { id } = await addEndpoint(webhooks.db, dead.url);
  await addEndpoint(webhooks.db, other.url, { rules: ["webhook-endpoint-disabled"] });
  await enqueueAlerts(webhooks.db, ["msg_1"]);
  await sender();
  await eventually(() => expect(other.received).toHaveLength(1));
  await deleteEndpoint(webhooks.db, id);
  await eventually(() => expect(other.received).toHaveLength(2));
  const [opened, resolved] = other.received.map(({ body }) => JSON.parse(body).data);
  expect([opened.status, resolved.status]).toEqual(["firing", "resolved"]);
  expect(resolved).toMatchObject({ alert_id: opened.alert_id, summary: `The webhook test (${id}) is deleted.` });
});

test("when no other endpoint wants such an alert, all others get it", async () => {
  const [dead, other] = [await receiver(broken), await receiver()];
  const { id } = await addEndpoint(webhooks.db, dead.url);
  await addEndpoint(webhooks.db, other.url, { rules: ["safety-sos"] });
  await failing(id, "6 days", "1 hour");
  await enqueueAlerts(webhooks.db, ["msg_1"]);
  await sender();
  await eventually(() => expect(other.received).toHaveLength(1));
});

test("less than five days, or failures that do not belong together, do not disable", async () => {
  const [young, seldom] = [await receiver(broken), await receiver(broken)];
  const [a, b] = [await addEndpoint(webhooks.db, young.url), await addEndpoint(webhooks.db, seldom.url)];
  await failing(a.id, "119 hours", "1 hour");
  await failing(b.id, "20 days", "3 days");
  await enqueueAlerts(webhooks.db, ["msg_1"]);
  await sender();
  await eventually(async () =>
    expect(await attemptsOf(webhooks.db, "msg_1")).toEqual(["declined 500", "declined 500"]),
  );
  expect([await stateOf(a.id), await stateOf(b.id)]).toMatchObject([{ state: "active" }, { state: "active" }]);
  // What began twenty days ago has rested, so it begins now.
  const since = (await stateOf(b.id))?.failing_since?.getTime() ?? 0;
  expect(Date.now() - since).toBeLessThan(3_600_000);
});

test("one success ends the failing, an attempt that fails begins it", async () => {
  let status = 500;
  const { url } = await receiver((response) => response.writeHead(status).end());
  const { id } = await addEndpoint(webhooks.db, url);
  await sender();
  await enqueueAlerts(webhooks.db, ["msg_1"]);
  await eventually(async () => expect((await stateOf(id))?.failing_since).not.toBeNull());
  status = 204;
  await enqueueAlerts(webhooks.db, ["msg_2"]);
  await eventually(async () => expect((await stateOf(id))?.failing_since).toBeNull());
});

test("disabled by hand, nobody is told; the deliveries are kept", async () => {
  const other = await receiver();
  const { id } = await addEndpoint(webhooks.db, "http://127.0.0.1:1/");
  await enqueueAlerts(webhooks.db, ["msg_1"]);
  await addEndpoint(webhooks.db, other.url);
  expect(await disableEndpoint(webhooks.db, id, disabledByHand)).toBe(true);
  expect(await disableEndpoint(webhooks.db, id, disabledByHand)).toBe(false);
  expect(await enableEndpoint(webhooks.db, id)).toEqual({ kept: 1 });
  expect(await deliveriesOf(webhooks.db)).toEqual({ msg_1: { state: "exhausted", attempts: 0 } });
  await expect(enableEndpoint(webhooks.db, "ep_nobody")).rejects.toMatchObject({ code: "webhook_endpoint_unknown" });
});

test("what is old is deleted with its attempts, what is pending never", async () => {
  const { url } = await receiver();
  await addEndpoint(webhooks.db, url);
  await sender();
  await enqueueAlerts(webhooks.db, ["old", "new"]);
  await eventually(async () =>
    expect(await webhooks.db.query("select from webhook.deliveries where state = 'delivered'")).toHaveLength(2),
  );
  // It deletes what is old by itself, too.
  await webhooks.endNewest();
  await webhooks.db.execute(
    "update webhook.deliveries set finished_at = now() - interval '91 days' where message_id = 'old'",
  );
  await addEndpoint(webhooks.db, "http://127.0.0.1:1/");
  await webhooks.db.execute(
    `insert into webhook.deliveries (endpoint_id, message_id, alert_key, body, next_attempt_at, created_at)
     select endpoint_id, 'waiting', 'k', '', now() + interval '1 day', now() - interval '1 year' from webhook.endpoints limit 1`,
  );
  expect(await deleteOld(webhooks.sink, 90)).toBe(1);
  expect(Object.keys(await deliveriesOf(webhooks.db))).toEqual(["new", "waiting"]);
  expect(await attemptsOf(webhooks.db, "old")).toEqual([]);
});

test("a delivery that was made while its endpoint was deleted is given up, and secrets that have ended are forgotten", async () => {
  const { id } = await addEndpoint(webhooks.db, "http://127.0.0.1:1/");
  const { id: kept } = await addEndpoint(webhooks.db, "http://127.0.0.1:2/");
  await webhooks.db.execute(
    "update webhook.endpoints set secrets = secrets || array['whsec_old'] where endpoint_id = $1",
    [kept],
  );
  await deleteEndpoint(webhooks.db, id);
  await webhooks.db.execute(
    "insert into webhook.deliveries (endpoint_id, message_id, alert_key, body) values ($1, 'late', 'k', '')",
    [id],
  );
  await tidy(webhooks.sink);
  expect(await deliveriesOf(webhooks.db)).toEqual({ late: { state: "exhausted", attempts: 0 } });
  expect(
    await webhooks.db.query("select cardinality(secrets) as n from webhook.endpoints order by endpoint_id"),
  ).toEqual([{ n: 0 }, { n: 1 }]);
});
