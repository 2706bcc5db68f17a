import { goTo, usePlace } from "../router.ts";

/** What an address says behind its question mark. */
export type Query = {
  get(name: string): string | undefined;
  /** The address of this view with other values; an undefined or empty one is taken out. */
  with(changes: Readonly<Record<string, string | undefined>>): string;
  /** Goes there, without a step to go back to for each letter that somebody types. */
  set(changes: Readonly<Record<string, string | undefined>>, how?: { readonly replace?: boolean }): void;
  /** All of it, for a question to the server. */
  readonly search: string;
};

/** The filters of a view are its address, so that it can be shared. */
export function useQuery(): Query {
  const { path, search } = usePlace();
  const values = new URLSearchParams(search);
  const addressWith = (changes: Readonly<Record<string, string | undefined>>) => {
    const next = new URLSearchParams(values);
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined || value === "") next.delete(name);
      else next.set(name, value);
    }
    return next.size === 0 ? path : `${path}?${next}`;
  };
  return {
    get: (name) => values.get(name) ?? undefined,
    with: addressWith,
    set: (changes, how) => goTo(addressWith(changes), how),
    search,
  };
}
