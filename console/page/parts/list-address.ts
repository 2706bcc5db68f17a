/** What a list shows, as it stands in the query of its address. */
export type ListPlace = { readonly name: string; readonly sort: string; readonly page: number };

export function listPlaceOf(search: string): ListPlace {
  const given = new URLSearchParams(search);
  const page = Number(given.get("page") ?? 1);
  return {
    name: (given.get("name") ?? "").slice(0, 200),
    sort: given.get("sort") ?? "worst",
    page: Number.isInteger(page) && page > 0 ? page : 1,
  };
}

/** Equal places have equal addresses: what is as it always is has no part in them. */
export function listAddress(path: string, { name, sort, page }: ListPlace): string {
  const query = new URLSearchParams();
  if (name.trim() !== "") query.set("name", name.trim());
  if (sort !== "worst") query.set("sort", sort);
  if (page > 1) query.set("page", String(page));
  return query.size === 0 ? path : `${path}?${query}`;
}

/** The name of one thing of a list, by the address of its page; empty: the list itself. */
export function nameAt(path: string, list: string): string {
  const name = path.slice(list.length + 1);
  try {
    return decodeURIComponent(name);
  } catch {
    // A name that somebody typed is looked for as it is, and not found.
    return name;
  }
}
