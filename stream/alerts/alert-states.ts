import type { Queryable } from "../../store/index.ts";
import { alertFlow } from "./alert-flows.ts";
import type { Group } from "./incident.ts";
import type { ScopeMemory } from "./keep-alerts.ts";
import type { Member } from "./member.ts";

/** How one thing that a rule watches stands. */
export type AlertState = {
  readonly rule: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: "inactive" | "pending" | "firing" | "no_data" | "error";
  /** When the condition began; absent while it does not hold. */
  readonly sinceMs?: number;
  readonly summary?: string;
  /** What the last event that met the condition added to its labels; silences go by these, too. */
  readonly toldLabels?: Readonly<Record<string, string>>;
  /** Of what fires: how many messages there were; 0 while it is silenced or inhibited. */
  readonly told?: number;
};

/** How everything that rules watch stands, as it is stored. @param groupPrefix that of the stream processor */
export async function listAlertStates(db: Queryable, groupPrefix: string): Promise<readonly AlertState[]> {
  const rows = await db.query<{ value: string }>(
    "select value from pipeline.state where consumer = $1 order by partition, key",
    [`${groupPrefix}${alertFlow}`],
  );
  return rows.flatMap(({ value }) =>
    Object.values((JSON.parse(value) as ScopeMemory).groups).flatMap((group) =>
      Object.values(group.members).map((member) => stateOf(group, member)),
    ),
  );
}

function stateOf({ rule, incident }: Group, { labels, firing, since, told }: Member): AlertState {
  if (since === undefined) return { rule, labels, state: "inactive" };
  const state = firing !== true ? "pending" : since.reason === "condition" ? "firing" : since.reason;
  return {
    ...{ rule, labels, state, sinceMs: since.startedMs },
    ...(told === undefined ? {} : { summary: told.summary, toldLabels: told.labels }),
    ...(firing === true ? { told: incident?.sequence ?? 0 } : {}),
  };
}
