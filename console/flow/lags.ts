import type { LagLook, Look } from "./look.ts";
import type { Lag } from "./shapes.ts";

/** How far consumers were at the last look; undefined: there was none yet, or it is an old one, since Kafka does not answer any more. */
export function knownLags({ kafka, behind }: Pick<Look, "kafka" | "behind">): LagLook | undefined {
  return kafka?.silence === undefined ? behind : undefined;
}

/** So many are shown. */
const most = 20;

/** Consumers that are behind by a second or more, or of which that is not known, the furthest first; null: nothing is known. */
export function lagsToShow(look: Pick<Look, "kafka" | "behind">): readonly Lag[] | null {
  const known = knownLags(look);
  if (known === undefined) return null;
  return known.lags
    .filter(({ seconds, unknown }) => seconds >= 1 || unknown.length > 0)
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, most);
}
