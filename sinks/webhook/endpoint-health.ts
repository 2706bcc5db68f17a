import { v5 as uuidv5, v7 as uuidv7 } from "uuid";
import { PipelineError } from "../../runtime/index.ts";
import type { Database, Queryable } from "../../store/index.ts";
import { type Alert, alertOf } from "./alert.ts";
import { isWanted } from "./endpoint-wants.ts";
import { exhaustPending } from "./endpoints.ts";
import { enqueue, recipients } from "./enqueue.ts";

const rule = "webhook-endpoint-disabled";
/** Namespace of the ids of such incidents (RFC 9562, 5.5). */
const namespace = "5f0e7a52-6f0b-5f5e-8a54-7f1f5d0b8f4e";
/** Retries of one delivery end within two days: what comes later is another failure, not the same one going on. */
const failureRests = "2 days";

/**
 * Takes note that an attempt failed, and gives for how many milliseconds attempts have failed now without one that was delivered between.
 * Failures with more than two days between them do not belong together: an endpoint that seldom gets anything is not judged by two bad moments.
 */
export async function noteFailure(db: Queryable, endpointId: string): Promise<number> {
  const [row] = await db.query<{ ms: number }>(
    `update webhook.endpoints
     set failing_since = case when failed_at > now() - interval '${failureRests}' then coalesce(failing_since, now()) else now() end,
         failed_at = now()
     where endpoint_id = $1
     returning (extract(epoch from now() - failing_since) * 1000)::float8 as ms`,
    [endpointId],
  );
  return row?.ms ?? 0;
}

/** Takes note that a delivery came through. */
export function noteSuccess(db: Queryable, endpointId: string): Promise<number> {
  return db.execute(
    "update webhook.endpoints set failing_since = null, failed_at = null where endpoint_id = $1 and failing_since is not null",
    [endpointId],
  );
}

/** Takes note that the receiver wants nothing for so long. */
export function hold(db: Queryable, endpointId: string, forMs: number): Promise<number> {
  return db.execute(
    "update webhook.endpoints set held_until = greatest(held_until, now() + $2 * interval '1 ms') where endpoint_id = $1",
    [endpointId, forMs],
  );
}

/** Why an endpoint is disabled when a person did it; nobody is told, since somebody knows. */
export const disabledByHand = "disabled by hand";

/**
 * Disables an endpoint: what it was still to get is exhausted, and, in the same transaction, the other endpoints get an alert about it. Gives false
 * when it was not active any more.
 */
export function disableEndpoint(db: Database, endpointId: string, reason: string): Promise<boolean> {
  return db.transaction(async (tx) => {
    const [disabled] = await tx.query<{ changed_at: Date }>(
      `update webhook.endpoints set state = 'disabled', disabled_reason = $2, changed_at = now()
       where endpoint_id = $1 and state = 'active' returning changed_at`,
      [endpointId, reason],
    );
    if (disabled === undefined) return false;
    await exhaustPending(tx, endpointId);
    if (reason !== disabledByHand) {
      const at = disabled.changed_at;
      await tellOthers(tx, { endpointId, reason, status: "firing", since: at, at });
    }
    return true;
  });
}

/**
 * Makes an endpoint active again, whoever disabled it; it gets what comes from now on. The alert about it is resolved. Gives the number
 * of deliveries that are kept for it.
 * @throws PipelineError webhook_endpoint_unknown
 */
export function enableEndpoint(db: Database, endpointId: string): Promise<{ readonly kept: number }> {
  return db.transaction(async (tx) => {
    const before = await lock(tx, endpointId);
    if (before.state === "disabled") {
      await tx.execute(
        `update webhook.endpoints
         set state = 'active', disabled_reason = null, failing_since = null, failed_at = null, held_until = '-infinity', changed_at = now()
         where endpoint_id = $1`,
        [endpointId],
      );
      await tellIsOver(tx, endpointId, before, "gets alerts again");
    }
    const [row] = await tx.query<{ kept: number }>(
      "select count(*)::int as kept from webhook.deliveries where endpoint_id = $1 and state = 'exhausted'",
      [endpointId],
    );
    return { kept: row?.kept ?? 0 };
  });
}

/**
 * Sends nothing more to a receiver and forgets its secrets; what was sent to it stays in the records. An alert about it is resolved.
 * @throws PipelineError webhook_endpoint_unknown
 */
export async function deleteEndpoint(db: Database, endpointId: string): Promise<void> {
  await db.transaction(async (tx) => {
    const before = await lock(tx, endpointId);
    if (before.state === "disabled") await tellIsOver(tx, endpointId, before, "is deleted");
    await tx.execute(
      "update webhook.endpoints set state = 'deleted', secrets = '{}', changed_at = now() where endpoint_id = $1",
      [endpointId],
    );
    await exhaustPending(tx, endpointId);
  });
}

type Before = { readonly state: string; readonly disabled_reason: string | null; readonly changed_at: Date };

async function lock(tx: Queryable, endpointId: string): Promise<Before> {
  const [before] = await tx.query<Before>(
    "select state, disabled_reason, changed_at from webhook.endpoints where endpoint_id = $1 and state <> 'deleted' for update",
    [endpointId],
  );
  if (before === undefined) throw new PipelineError("webhook_endpoint_unknown", { fields: { endpoint: endpointId } });
  return before;
}

/** Whoever was told that an endpoint is disabled hears why it is not any more. */
async function tellIsOver(tx: Queryable, endpointId: string, before: Before, how: string): Promise<void> {
  const reason = before.disabled_reason ?? "";
  if (reason === disabledByHand) return;
  await tellOthers(tx, { endpointId, reason: how, status: "resolved", since: before.changed_at, at: new Date() });
}

type About = {
  readonly endpointId: string;
  /** Why it is disabled; of a resolved alert, what has become of it. */
  readonly reason: string;
  readonly status: Alert["status"];
  /** When it was disabled. */
  readonly since: Date;
  readonly at: Date;
};

/** To all others that want such an alert; when filters leave nobody, to all others, since somebody must hear of it. */
async function tellOthers(tx: Queryable, about: About): Promise<void> {
  const all = await recipients(tx);
  const itself = all.find((each) => each.endpoint_id === about.endpointId);
  const alert = endpointAlert(about, itself?.name ?? "");
  const others = all.filter((each) => each !== itself && each.state === "active");
  const wanting = others.filter((each) => isWanted(alert, each));
  const everything = { least_severity: "info", rules: [], labels: {} } as const;
  await enqueue(tx, [alert], wanting.length > 0 ? wanting : others.map((each) => ({ ...each, ...everything })));
}

/** The alert about an endpoint, with the fields of the event type `alert`. */
function endpointAlert({ endpointId, reason, status, since, at }: About, name: string): Alert {
  const id = uuidv7();
  const time = at.toISOString();
  const key = `${rule}/${endpointId}`;
  const called = name === "" ? endpointId : `${name} (${endpointId})`;
  const summary =
    status === "firing"
      ? `The webhook ${called} gets no alerts any more: ${reason}. When its receiver is well: hailstream endpoints enable ${endpointId}.`
      : `The webhook ${called} ${reason}.`;
  return alertOf(
    { id, type: "alert", source: `/hailstream/alerts/${rule}`, time, subject: key },
    {
      // The incident is this one time that the endpoint is disabled.
      alert_id: `alr_${uuidv5(`${endpointId} ${since.toISOString()}`, namespace)}`,
      alert_key: key,
      rule,
      severity: "critical",
      summary,
      status,
      event_id: id,
      event_type: "webhook.endpoint",
      started_at: since.toISOString(),
      labels: { endpoint: endpointId, ...(name === "" ? {} : { endpoint_name: name }) },
      latitude: null,
      longitude: null,
      ended_at: status === "resolved" ? time : null,
      notification: status === "resolved" ? "resolved" : "opened",
      sequence: status === "resolved" ? 2 : 1,
      cause: "condition",
      annotations: {},
      members: [],
    },
  );
}
