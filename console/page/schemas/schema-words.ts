import { countText } from "../parts/words.ts";

export const schemaAddress = (name: string) => `/schemas/${encodeURIComponent(name)}`;

/** Events a minute; below ten with a digit behind the point. */
export function minuteText(perMinute: number | null): string {
  if (perMinute === null) return "–";
  return perMinute > 0 && perMinute < 10 ? perMinute.toFixed(1) : countText(perMinute);
}

/** What a version is called: a number, or the file as it is. */
export const versionText = (name: string) => (name === "now" ? "the file now" : `version ${name}`);

/** The versions that are compared, of an address. */
export function comparedOf(search: string): { readonly from: string | undefined; readonly to: string | undefined } {
  const given = new URLSearchParams(search);
  const version = (name: string) =>
    /^(\d{1,6}|now)$/.test(given.get(name) ?? "") ? (given.get(name) ?? "") : undefined;
  return { from: version("from"), to: version("to") };
}
