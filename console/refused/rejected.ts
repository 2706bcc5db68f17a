import { messageOf } from "../../runtime/index.ts";
import { readMetrics } from "../flow/read-metrics.ts";
import type { Group, RefusedFilter } from "./shapes.ts";

type Counted = { readonly groups: readonly Group[]; readonly unknown: readonly string[] };

const patienceMs = 2_000;

/**
 * Events that were rejected: their senders were told, and nothing of them is kept but the counters of the front doors, which count by type and reason since each of
 * them began. @param stations those whose names begin with ingest are asked
 */
export async function countRejected(
  stations: readonly { readonly name: string; readonly url: string }[],
  filter: RefusedFilter,
): Promise<Counted> {
  // What has an app version, a schema, a place or a state is not told apart by the counters.
  const { kinds, codes, types, condition } = filter;
  if (kinds?.includes("rejected") === false || condition === "done") return { groups: [], unknown: [] };
  const counts = new Map<string, Group>();
  const silences: string[] = [];
  for (const { name, url } of stations.filter((each) => each.name.startsWith("ingest"))) {
    try {
      const text = await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(patienceMs) })).text();
      const numbers = readMetrics(text);
      const began = Math.round(numbers.sum("process_start_time_seconds") * 1_000);
      for (const { labels, value } of numbers.series("hailstream_ingest_events_total")) {
        const { result, type = "", code = "" } = labels;
        if (result !== "rejected" || value === 0) continue;
        if (codes?.includes(code) === false || types?.includes(type) === false) continue;
        const known = counts.get(`${type} ${code}`);
        counts.set(`${type} ${code}`, {
          ...{ kind: "rejected", code, type, source: null, schemaId: null, waiting: 0, last: null, example: null },
          count: (known?.count ?? 0) + value,
          first: Math.min(known?.first ?? began, began),
        });
      }
    } catch (error) {
      silences.push(`rejected events, as ${name} does not answer (${messageOf(error)})`);
    }
  }
  const groups = [...counts.values()].sort((a, b) => b.count - a.count);
  return { groups, unknown: silences };
}
