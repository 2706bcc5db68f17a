import type { AuditResult } from "./audit.ts";

/** What is wrong with one event type at one station; the data of a `pipeline.audit`. */
export type Finding = {
  readonly event_type: string;
  readonly station: string;
  readonly missing: number;
  readonly extra: number;
  readonly unnamed: number;
  readonly missing_ids: string;
  readonly extra_ids: string;
};

/** So many ids are told; `hailstream audit` names all. */
const named = 20;

/** An audit's result by event type and station. The same events give the same finding, in whatever order they were found. */
export function findingsOf({ missing, extra, unnamed }: AuditResult): readonly Finding[] {
  const places = new Map<string, { readonly type: string; readonly where: string }>();
  for (const { type, where } of [...missing, ...extra, ...unnamed]) places.set(`${type} ${where}`, { type, where });
  return [...places.values()].map(({ type, where }) => {
    const of = <T extends { readonly type: string; readonly where: string }>(all: readonly T[]) =>
      all.filter((each) => each.type === type && each.where === where);
    const idsOf = (events: readonly { readonly id: string }[]) =>
      events
        .map(({ id }) => id)
        .sort()
        .slice(0, named)
        .join(",");
    const [lost, surplus] = [of(missing), of(extra)];
    return {
      ...{ event_type: type, station: where, missing: lost.length, extra: surplus.length, unnamed: of(unnamed).length },
      ...{ missing_ids: idsOf(lost), extra_ids: idsOf(surplus) },
    };
  });
}

/** That nothing is wrong there any more. */
export const mended = (before: Finding): Finding => ({
  ...{ ...before, missing: 0, extra: 0, unnamed: 0, missing_ids: "", extra_ids: "" },
});
