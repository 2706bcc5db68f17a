import type { Metrics } from "../../runtime/index.ts";

/** What became of the rows of every table. */
export function countRows(metrics: Metrics) {
  return metrics.counter(
    "hailstream_sinks_rows_total",
    "Rows by table; duplicate: it was there already, or a newer one was; deleted: by a tombstone.",
    ["table", "outcome"],
  );
}
