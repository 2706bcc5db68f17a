import type { Zone } from "./parts/words.ts";

/** How somebody wants to see all views; what is absent is as it always is: times in UTC, the theme of the system. */
export type Choices = { readonly zone?: Zone; readonly theme?: "light" | "dark" };
export type Theme = NonNullable<Choices["theme"]>;

const known = { zone: ["utc", "local"], theme: ["light", "dark"] } as const;
type Name = keyof typeof known;
const names = Object.keys(known) as Name[];

/** What holds at an address: what it says itself, so that whoever it is sent to sees the same; then what was kept. */
export function choicesOf(search: string, kept: (name: Name) => string | null): Choices {
  const given = new URLSearchParams(search);
  const entries = names.map((name) => {
    const isKnown = (value: string | null) => known[name].some((each) => each === value);
    return [name, [given.get(name), kept(name)].find(isKnown)] as const;
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Choices;
}

/** The query of an address without choices: what is the view's own. */
export function ownSearch(search: string): string {
  const given = new URLSearchParams(search);
  if (!names.some((name) => given.has(name))) return search;
  for (const name of names) given.delete(name);
  return given.size === 0 ? "" : `?${given}`;
}

/** The address of a view as somebody sees it, to be shared. @param address without choices */
export function addressWith(address: string, choices: Choices): string {
  const query = new URLSearchParams(choices);
  if (query.size === 0) return address;
  const [place = "", anchor] = address.split("#");
  const whole = `${place}${place.includes("?") ? "&" : "?"}${query}`;
  return anchor === undefined ? whole : `${whole}#${anchor}`;
}
