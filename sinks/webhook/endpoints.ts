import { v7 as uuidv7 } from "uuid";
import { PipelineError } from "../../runtime/index.ts";
import type { Queryable } from "../../store/index.ts";
import { createSecret } from "./sign.ts";

/** A receiver of alerts, as lists show it: without its secrets. */
export type Endpoint = {
  readonly endpoint_id: string;
  readonly name: string;
  readonly url: string;
  readonly state: "active" | "disabled";
  readonly disabled_reason: string | null;
  readonly created_at: Date;
};

/** Adds a receiver; `url` must have been checked. The secret is shown here and never again. */
export async function createEndpoint(
  db: Queryable,
  endpoint: { readonly url: string; readonly name?: string },
): Promise<{ readonly id: string; readonly secret: string }> {
  const id = `ep_${uuidv7().replaceAll("-", "")}`;
  const secret = createSecret();
  await db.execute("insert into webhook.endpoints (endpoint_id, name, url, secrets) values ($1, $2, $3, array[$4])", [
    id,
    endpoint.name ?? "",
    endpoint.url,
    secret,
  ]);
  return { id, secret };
}

/** All receivers that are not deleted, the oldest first. */
export function listEndpoints(db: Queryable): Promise<Endpoint[]> {
  return db.query(`
    select endpoint_id, name, url, state, disabled_reason, created_at
    from webhook.endpoints where state <> 'deleted' order by created_at, endpoint_id`);
}

/**
 * Sends nothing more to a receiver and forgets its secrets; what was sent to it stays in the records.
 * @throws PipelineError webhook_endpoint_unknown
 */
export async function deleteEndpoint(db: Queryable, id: string): Promise<void> {
  const touched = await db.execute(
    `with deleted as (
       update webhook.endpoints set state = 'deleted', secrets = '{}', changed_at = now()
       where endpoint_id = $1 and state <> 'deleted' returning endpoint_id
     ), ended as (
       update webhook.deliveries d set state = 'exhausted', finished_at = now()
       from deleted where d.endpoint_id = deleted.endpoint_id and d.state = 'pending'
     )
     select from deleted`,
    [id],
  );
  if (touched === 0) throw new PipelineError("webhook_endpoint_unknown", { fields: { endpoint: id } });
}

/** Where and with which secrets to send. @throws PipelineError webhook_endpoint_unknown */
export async function targetOf(
  db: Queryable,
  id: string,
): Promise<{ readonly url: string; readonly secrets: readonly string[] }> {
  const [target] = await db.query<{ url: string; secrets: string[] }>(
    "select url, secrets from webhook.endpoints where endpoint_id = $1 and state <> 'deleted'",
    [id],
  );
  if (target === undefined) throw new PipelineError("webhook_endpoint_unknown", { fields: { endpoint: id } });
  return target;
}
