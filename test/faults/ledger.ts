import { type Anomaly, createAudit, type NamedEvent, type Unnamed } from "../../audit/index.ts";
import { auditedTables } from "../../commands/audit.ts";
import { createMetrics, silentLogger } from "../../runtime/index.ts";
import { loadCatalogue } from "../../schemas/index.ts";
import { createDatabase } from "../../store/index.ts";
import { type Place, sinkGroup } from "./gather.ts";

/** What `hailstream audit` says of a run. It knows nothing of what was sent, only its own ledger, and must find nothing where nothing is wrong. */
export async function askLedger({ connection, postgres }: Place): Promise<readonly Anomaly[]> {
  const log = silentLogger;
  const db = createDatabase({ name: "faults", url: postgres, log, metrics: createMetrics() });
  await db.start(() => undefined);
  try {
    const tables = auditedTables(loadCatalogue(), "hailstream-");
    const { missing, extra, unnamed } = await createAudit({ db, connection, tables, sinkGroup, log }).run();
    const tell = (kind: Anomaly["kind"], what: string) => (event: NamedEvent) =>
      ({ kind, where: `audit, ${event.where}`, id: event.id, detail: `the audit calls it ${what}` }) satisfies Anomaly;
    const differ = ({ type, minute, rows, stored }: Unnamed): Anomaly => {
      const detail = `the audit finds ${rows} rows of ${minute} where ${stored} were stored`;
      return { kind: "inconsistent-offsets", where: `audit, ${type}`, detail };
    };
    return [
      ...missing.map(tell("lost", "missing")),
      ...extra.map(tell("duplicated", "too much")),
      ...unnamed.map(differ),
    ];
  } finally {
    await db.stop();
  }
}
