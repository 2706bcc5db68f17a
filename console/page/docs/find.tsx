import { pathOf } from "../../docs/doc-path.ts";
import type { DocHit } from "../../docs/shapes.ts";
import { Link } from "../parts/link.tsx";
import { Problem } from "../parts/list-parts.tsx";
import type { Query } from "../parts/query.ts";
import { useAsked } from "../parts/use-asked.ts";

/** Looks through all pages while somebody types; the words are in the address. */
export function FindField({ query }: { readonly query: Query }) {
  return (
    <search class="doc-find">
      <label>
        <span class="unseen">Find in the documentation</span>
        <input
          type="search"
          placeholder="Find"
          value={query.get("find") ?? ""}
          onInput={(event) => query.set({ find: event.currentTarget.value }, { replace: true })}
        />
      </label>
    </search>
  );
}

/** The places that have the words. */
export function Found({ words }: { readonly words: string }) {
  const { last, problem } = useAsked<{ readonly hits: readonly DocHit[] }>(
    `/api/docs/find?${new URLSearchParams({ words })}`,
  );
  const hits = last?.hits ?? [];
  return (
    <>
      <div role="status">
        <h1>{last === undefined ? "…" : placesText(hits.length)}</h1>
      </div>
      <Problem text={problem} />
      <ul class="doc-hits">
        {hits.map(({ address, title, id, heading, excerpt }) => (
          <li key={`${address}#${id}`}>
            <Link to={pathOf(address) + (id === "" ? "" : `#${id}`)}>
              {title}
              {heading === "" ? "" : ` › ${heading}`}
            </Link>
            <p>{excerpt}</p>
          </li>
        ))}
      </ul>
    </>
  );
}

function placesText(count: number): string {
  if (count === 0) return "Nothing has all these words";
  if (count === 1) return "One place";
  return `${count} places`;
}
