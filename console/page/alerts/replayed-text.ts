import type { Replayed } from "../../alerts/shapes.ts";
import { countText } from "../parts/words.ts";

/** What a replay did, or would do, and what it left out. */
export function replayedText({ replayed, overtaken, inactive }: Replayed, dryRun: boolean): string {
  const are = (count: number) => `${countText(count)} ${count === 1 ? "delivery" : "deliveries"}`;
  return [
    ...(replayed + overtaken + inactive === 0 ? ["There is nothing to send again."] : []),
    ...(replayed > 0
      ? [`${are(replayed)} ${dryRun ? "would be sent again" : "will be sent again, in a moment"}.`]
      : []),
    ...(overtaken > 0 ? [`${are(overtaken)} left out: a later one of the same alert has arrived.`] : []),
    ...(inactive > 0 ? [`${are(inactive)} left out: the endpoint is disabled.`] : []),
  ].join(" ");
}
