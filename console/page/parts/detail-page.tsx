import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Link } from "./link.tsx";
import { AsOf, refreshMs } from "./list.tsx";
import { useAsked } from "./use-asked.ts";

type DetailPageProps<T> = {
  readonly name: string;
  /** Where the data of it are. */
  readonly api: string;
  /** The list that it is in: its path and its name. */
  readonly list: readonly [path: string, name: string];
  /** @param again asks for newer data at once */
  children(detail: T, again: () => void): ComponentChildren;
};

/** The page of one thing of a list, told anew every few seconds. Its `key` must be the thing's: another thing's data are never shown as its own. */
export function DetailPage<T extends { readonly at: number; readonly problem?: string }>({
  name,
  api,
  list: [path, listName],
  children,
}: DetailPageProps<T>) {
  // While another view of the same thing is asked for, the one before stays.
  const { last, problem, again } = useAsked<T>(api, refreshMs);
  useEffect(() => {
    document.title = `${name} · hailstream`;
  }, [name]);
  return (
    <main id="main" tabIndex={-1} class="listing">
      <p class="back">
        <Link to={path}>{listName}</Link>
      </p>
      <div class="list-head">
        <h1>{name}</h1>
        <AsOf problem={problem ?? last?.problem} at={last?.at} />
      </div>
      {last === undefined ? null : children(last, again)}
    </main>
  );
}
