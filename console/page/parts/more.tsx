import { Link } from "./link.tsx";
import type { Query } from "./query.ts";

/** Leads to what is older, and back to the newest. */
export function More({ query, next }: { readonly query: Query; readonly next: string | null | undefined }) {
  const isOlder = query.get("after") !== undefined;
  if (!isOlder && (next ?? null) === null) return null;
  return (
    <nav class="more" aria-label="Further rows">
      {isOlder ? <Link to={query.with({ after: undefined })}>← The newest</Link> : null}
      {(next ?? null) === null ? null : <Link to={query.with({ after: next ?? undefined })}>Older →</Link>}
    </nav>
  );
}
