import { v7 as uuidv7 } from "uuid";
import { PipelineError } from "../../runtime/index.ts";
import type { Queryable } from "../../store/index.ts";
import type { Wants } from "./endpoint-wants.ts";
import type { Format } from "./formats.ts";
import { createSecret } from "./sign.ts";

/** A receiver of alerts, as lists show it: without its secrets. */
export type Endpoint = Wants & {
  readonly endpoint_id: string;
  readonly name: string;
  readonly url: string;
  readonly format: Format;
  /** null: as the sender's option says. */
  readonly rate_per_second: number | null;
  readonly state: "active" | "disabled";
  readonly disabled_reason: string | null;
  readonly disabled_at: Date | null;
  /** Since when no delivery has succeeded though some were tried. */
  readonly failing_since: Date | null;
  /** Until when deliveries are signed by the secret of before a rotation, too. */
  readonly old_secret_until: Date | null;
  readonly created_at: Date;
};

/** What can be said of an endpoint, and changed. `url` must have been checked. */
export type EndpointSettings = Wants & Pick<Endpoint, "name" | "url" | "format" | "rate_per_second">;

const standard: Omit<EndpointSettings, "url"> = {
  name: "",
  format: "cloudevents",
  rate_per_second: null,
  least_severity: "info",
  rules: [],
  labels: {},
};
const settingNames = ["name", "url", "format", "rate_per_second", "least_severity", "rules", "labels"] as const;
/** Secrets that an endpoint may have at once; a further rotation forgets the oldest. */
const mostSecrets = 5;

/** Adds a receiver. The secret is shown here and never again. */
export async function createEndpoint(
  db: Queryable,
  endpoint: Pick<EndpointSettings, "url"> & Partial<EndpointSettings>,
): Promise<{ readonly id: string; readonly secret: string }> {
  const id = `ep_${uuidv7().replaceAll("-", "")}`;
  const secret = createSecret();
  const settings = { ...standard, ...endpoint };
  await db.execute(
    `insert into webhook.endpoints (endpoint_id, secrets, ${settingNames.join(", ")})
     values ($1, array[$2], $3, $4, $5, $6, $7, $8, $9)`,
    [id, secret, ...settingNames.map((name) => settings[name])],
  );
  return { id, secret };
}

/** Of a disabled endpoint it stays when that was: the alert about it goes by this moment, until it is enabled. */
const noteChange = "changed_at = case when state = 'disabled' then changed_at else now() end";

/** Changes what is given and leaves the rest. @throws PipelineError webhook_endpoint_unknown */
export async function editEndpoint(db: Queryable, id: string, changes: Partial<EndpointSettings>): Promise<void> {
  const changed = settingNames.filter((name) => changes[name] !== undefined);
  const assignments = [noteChange, ...changed.map((name, i) => `${name} = $${i + 2}`)];
  await change(
    db,
    `update webhook.endpoints set ${assignments.join(", ")} where endpoint_id = $1 and state <> 'deleted'`,
    [id, ...changed.map((name) => changes[name])],
  );
}

/**
 * Gives a receiver a new secret. For so many hours every delivery is signed by the old one as well, so that the receiver can change over whenever it
 * likes; with 0 the old one is out of use at once.
 * @throws PipelineError webhook_endpoint_unknown
 */
export async function rotateSecret(db: Queryable, id: string, keepHours: number): Promise<{ readonly secret: string }> {
  const secret = createSecret();
  await change(
    db,
    `update webhook.endpoints
     set secrets = case
           when $3 = 0 then array[$2]
           when old_secrets_until > now() then (array[$2] || secrets)[1:${mostSecrets}]
           else array[$2, secrets[1]]
         end,
         old_secrets_until = case when $3 = 0 then '-infinity' else now() + $3 * interval '1 hour' end,
         ${noteChange}
     where endpoint_id = $1 and state <> 'deleted'`,
    [id, secret, keepHours],
  );
  return { secret };
}

/** All receivers that are not deleted, the oldest first. */
export function listEndpoints(db: Queryable): Promise<Endpoint[]> {
  return db.query(`
    select endpoint_id, ${settingNames.join(", ")}, state, disabled_reason, failing_since, created_at,
           case when state = 'disabled' then changed_at end as disabled_at,
           case when old_secrets_until > now() and cardinality(secrets) > 1 then old_secrets_until end as old_secret_until
    from webhook.endpoints where state <> 'deleted' order by created_at, endpoint_id`);
}

/** Gives up what an endpoint was still to get. */
export function exhaustPending(tx: Queryable, id: string): Promise<number> {
  return tx.execute(
    "update webhook.deliveries set state = 'exhausted', finished_at = now() where endpoint_id = $1 and state = 'pending'",
    [id],
  );
}

/** Secrets that an endpoint's deliveries are signed with now, as an expression of SQL on a row `e` of webhook.endpoints. */
export const validSecrets = "case when e.old_secrets_until > now() then e.secrets else e.secrets[1:1] end";

/** Where, with which secrets and in which form to send. @throws PipelineError webhook_endpoint_unknown */
export async function targetOf(db: Queryable, id: string) {
  const [target] = await db.query<{ url: string; secrets: string[]; format: Format; name: string }>(
    `select e.url, ${validSecrets} as secrets, e.format, e.name from webhook.endpoints e
     where e.endpoint_id = $1 and e.state <> 'deleted'`,
    [id],
  );
  return target ?? unknown(id);
}

async function change(db: Queryable, sql: string, params: readonly unknown[]): Promise<void> {
  const touched = await db.execute(sql, params);
  if (touched === 0) unknown(String(params[0]));
}

function unknown(id: string): never {
  throw new PipelineError("webhook_endpoint_unknown", { fields: { endpoint: id } });
}
