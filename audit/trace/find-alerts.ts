import type { Queryable } from "../../store/index.ts";

/** A message of an alert that the event caused, and what became of it at an endpoint, where one wanted it. */
export type FoundAlert = {
  readonly message_id: string;
  readonly rule: string;
  readonly notification: string;
  readonly summary: string;
  readonly told_at: Date;
  readonly endpoint: string | null;
  readonly state: string | null;
  readonly attempts: number | null;
  readonly finished_at: Date | null;
  readonly next_attempt_at: Date | null;
  readonly last_status: number | null;
  readonly last_detail: string | null;
};

/** What alerts say that the event caused them, with their deliveries, in order. @param since no alert is older */
export async function findAlerts(db: Queryable, id: string, since: Date): Promise<readonly FoundAlert[]> {
  return db.query<FoundAlert>(
    `select a.event_id as message_id, a.rule, a.notification, a.summary, a.received_at as told_at, e.name as endpoint,
       d.state, d.attempts, d.finished_at, case when d.state = 'pending' then d.next_attempt_at end as next_attempt_at,
       t.status as last_status, t.detail as last_detail
     from events.alert a
     left join webhook.deliveries d on d.message_id = 'msg_' || a.event_id
     left join webhook.endpoints e using (endpoint_id)
     left join webhook.attempts t on t.delivery_id = d.delivery_id and t.attempt = d.attempts
     where a.data_event_id = $1 and a.received_at >= $2 order by a.received_at, a.sequence, e.name`,
    [id, since],
  );
}
