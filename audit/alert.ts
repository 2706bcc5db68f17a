import { createHash } from "node:crypto";
import type { OutgoingRecord } from "../kafka/index.ts";
import { envelopeHeaders, type Schemas } from "../schemas/index.ts";
import type { AuditResult } from "./audit.ts";

/** The topic that webhooks are fed from. */
export const alertTopic = "alerts";
const listed = 20;

/**
 * The alert that tells of a mismatch: the same events give the same alert, so that an audit which finds them again, here or in another process, raises it
 * once. undefined when nothing is wrong.
 */
export function mismatchAlert(
  { missing, extra, unnamed }: AuditResult,
  schemas: Pick<Schemas, "encode">,
  now: number,
): OutgoingRecord | undefined {
  if (missing.length + extra.length + unnamed.length === 0) return undefined;
  const names = (events: readonly { readonly id: string; readonly type: string }[]) =>
    events.map(({ id, type }) => `${type} ${id}`).sort();
  const all = [
    ...names(missing),
    "/",
    ...names(extra),
    "/",
    ...unnamed.map(({ type, minute, rows }) => `${type} ${minute} ${rows}`),
  ];
  const print = createHash("sha256").update(all.join("\n")).digest("hex").slice(0, 32);
  const few = (events: readonly string[]) => events.slice(0, listed).join(", ").slice(0, 200);
  const time = new Date(now).toISOString();
  const key = "audit-mismatch/postgres";
  const value = schemas.encode("alert", {
    alert_id: `alr_${print}`,
    alert_key: key,
    rule: "audit-mismatch",
    severity: "critical",
    summary: `The audit ledger and Postgres differ: ${missing.length} events are missing, ${extra.length} are too many, and ${unnamed.length} minutes differ that nobody can name events of. hailstream audit tells which.`,
    status: "firing",
    event_id: print,
    event_type: "audit.mismatch",
    started_at: now,
    labels: { missing: few(names(missing)), extra: few(names(extra)) },
    latitude: null,
    longitude: null,
    ended_at: null,
    notification: "opened",
    sequence: 1,
    cause: "condition",
    annotations: {},
    members: [],
  });
  const headers = envelopeHeaders({
    id: `audit-${print}`,
    type: "alert",
    source: "/hailstream/audit",
    time,
    subject: key,
    receivedAt: now,
  });
  return { key, value, headers };
}
