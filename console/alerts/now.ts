import type { AlertsPort, Standing } from "./port.ts";
import type { AlertsNow, RuleLine, Silence, Watched } from "./shapes.ts";

/** So many things are told at once; more are nothing that a person reads. */
const most = 500;
/** The worst first. */
const order = ["firing", "error", "no_data", "pending"] as const;
const severities = ["critical", "warning", "info"];

/** How everything stands that rules watch, with the silences that hold for it. */
export function alertsNow(
  at: number,
  standings: readonly Standing[],
  rules: readonly RuleLine[],
  silences: readonly Silence[],
): AlertsNow {
  const byName = new Map(rules.map((rule) => [rule.name, rule]));
  const watched = standings.flatMap((standing): Watched[] => {
    const { state, allLabels, ...rest } = standing;
    if (state === "inactive") return [];
    // A rule of files that this process does not have.
    const { severity = "unknown", description = "" } = byName.get(standing.rule) ?? {};
    const all = { ...allLabels, rule: standing.rule, severity };
    const silencedBy = silences.filter((silence) => isSilenced(silence, all, at)).map(({ id }) => id);
    return [{ ...rest, state, severity, description, silencedBy }];
  });
  const place = <T>(list: readonly T[], item: T) => (list.includes(item) ? list.indexOf(item) : list.length);
  watched.sort(
    (a, b) =>
      Number(a.silencedBy.length > 0) - Number(b.silencedBy.length > 0) ||
      place(order, a.state) - place(order, b.state) ||
      place(severities, a.severity) - place(severities, b.severity) ||
      (b.since ?? 0) - (a.since ?? 0) ||
      (JSON.stringify(a.labels) < JSON.stringify(b.labels) ? -1 : 1),
  );
  return {
    ...{ at, watched: watched.slice(0, most), total: watched.length, quiet: standings.length - watched.length },
    ...{ rules, silences },
  };
}

/** As the evaluator judges it: all of the silence's labels must be there. */
function isSilenced({ matches, starts, ends }: Silence, labels: Readonly<Record<string, string>>, at: number): boolean {
  return starts <= at && at < ends && Object.entries(matches).every(([name, value]) => labels[name] === value);
}

/** One reading for all who look, as old as a second at most. A failed one is not kept. */
export function readNow(port: AlertsPort): () => Promise<AlertsNow> {
  let latest: { readonly at: number; readonly now: Promise<AlertsNow> } | undefined;
  return () => {
    const at = Date.now();
    if (latest !== undefined && at - latest.at < 1_000) return latest.now;
    const now = Promise.all([port.standings(), port.rules(), port.silences(false)]).then((read) =>
      alertsNow(Date.now(), ...read),
    );
    latest = { at, now };
    now.catch(() => {
      latest = undefined;
    });
    return now;
  };
}
