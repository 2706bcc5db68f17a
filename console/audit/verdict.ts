import type { AuditPort } from "./port.ts";
import type { AuditFinding, AuditVerdict } from "./shapes.ts";

type Span = { readonly from: number; readonly to: number };

/** So long a verdict is told to whoever asks for the same span. */
const freshMs = 10_000;

/** Audits one span after the other, whoever asks: two at a time would only be slower. What was just answered is not asked again. */
export function createVerdicts(port: AuditPort): (span: Span) => Promise<Omit<AuditVerdict, "total">> {
  const known = new Map<string, { at: number; readonly verdict: Promise<Omit<AuditVerdict, "total">> }>();
  let last: Promise<unknown> = Promise.resolve();

  async function audit(span: Span): Promise<Omit<AuditVerdict, "total">> {
    const began = performance.now();
    const [result, lost] = await Promise.all([port.run(span), port.lost()]);
    const nothing = { id: null, minute: null, rows: null, stored: null };
    const seen = new Set(lost.map(({ type, id }) => `${type} ${id}`));
    const findings: AuditFinding[] = [
      ...[...lost, ...result.missing.filter(({ type, id }) => !seen.has(`${type} ${id}`))].map(
        (event) => ({ ...nothing, kind: "missing", ...event }) as const,
      ),
      ...result.extra.map((event) => ({ ...nothing, kind: "extra", ...event }) as const),
      ...result.unnamed.map(({ minute, ...rest }) => ({
        ...{ ...nothing, kind: "unnamed" as const, ...rest },
        minute: Date.parse(minute),
      })),
    ];
    return { at: Date.now(), ...span, milliseconds: performance.now() - began, checked: result.checked, findings };
  }

  return (span) => {
    const key = `${span.from}/${span.to}`;
    const now = Date.now();
    for (const [old, { at }] of known) if (now - at > freshMs) known.delete(old);
    const fresh = known.get(key);
    if (fresh !== undefined) return fresh.verdict;
    const verdict = last.then(() => audit(span));
    const entry = { at: Number.POSITIVE_INFINITY, verdict };
    known.set(key, entry);
    last = verdict.then(
      () => {
        entry.at = Date.now();
      },
      () => void known.delete(key),
    );
    return verdict;
  };
}
