import { useSettings } from "../settings.ts";
import type { Query } from "./query.ts";
import { fixedOf, type Last, lastOf, lasts, lastWords, momentOf, rangeOf } from "./range.ts";
import { timeText } from "./words.ts";

type Props = {
  readonly query: Query;
  readonly standard?: Last;
  /** Spans that end now. */
  readonly choices?: readonly Last[];
};

const all = Object.keys(lasts) as Last[];

/** Chooses the span: one that ends now, or two moments in the zone of the page. */
export function RangeFields({ query, standard = "24h", choices = all }: Props) {
  const { zone } = useSettings();
  const isFixed = query.get("from") !== undefined || query.get("to") !== undefined;
  const range = rangeOf(query, standard);
  const fixed = fixedOf(range.from, range.to);
  const setMoment = (name: "from" | "to", text: string) => {
    const at = momentOf(text, zone);
    if (at !== undefined)
      query.set({ ...fixed, [name]: new Date(at).toISOString(), last: undefined, after: undefined });
  };
  return (
    <>
      <label>
        <span>Time</span>
        <select
          value={isFixed ? "fixed" : lastOf(query, standard)}
          onChange={({ currentTarget: { value } }) =>
            query.set(
              value === "fixed"
                ? { ...fixed, last: undefined, after: undefined }
                : { last: value, from: undefined, to: undefined, after: undefined },
            )
          }
        >
          {choices.map((last) => (
            <option key={last} value={last}>
              {lastWords[last]}
            </option>
          ))}
          <option value="fixed">from … to</option>
        </select>
      </label>
      {isFixed
        ? (["from", "to"] as const).map((name) => (
            <label key={name}>
              <span>
                {name === "from" ? "From" : "To"} ({zone === "utc" ? "UTC" : "local"})
              </span>
              <input
                type="datetime-local"
                value={timeText(range[name], zone).slice(0, 16).replace(" ", "T")}
                onChange={(event) => setMoment(name, event.currentTarget.value)}
              />
            </label>
          ))
        : null}
    </>
  );
}
