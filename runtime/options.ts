import { closest, distance } from "fastest-levenshtein";
import type { z } from "zod";
import { PipelineError } from "./errors.ts";

/** One option, declared once: it gives the type, the flag, the environment variable, the default, the check and the reference page. */
export type OptionSpec<T extends z.ZodType = z.ZodType> = {
  /** Takes the text of a flag or a variable; use `z.coerce.number()` and `z.stringbool()` for what is not text. */
  readonly schema: T;
  /** Text, as a user would write it; without one the option may be left out and its value is undefined. */
  readonly default?: string;
  /** Unit of the value as words for the reference page: "ms", "bytes", "events a second". */
  readonly unit?: string;
  readonly description: string;
  /** A secret is never printed, neither in errors nor by `--help`. */
  readonly secret?: boolean;
};

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** The options of one station. `flagPrefix` is the station's name unless the options belong to every command. */
export type OptionSet<S extends OptionSpecs = OptionSpecs> = {
  readonly station: string;
  readonly flagPrefix: string;
  readonly specs: S;
  /** A relation between options that must hold: what is wrong, or undefined. */
  check?(values: OptionValues<S>): string | undefined;
};

type Value<O extends OptionSpec> = O extends { readonly default: string }
  ? z.output<O["schema"]>
  : z.output<O["schema"]> | undefined;

export type OptionValues<S extends OptionSpecs> = { readonly [K in keyof S]: Value<S[K]> };
/** The values of an option set as `readOptions` gives them: `type IngestOptions = ValuesOf<typeof ingestOptions>`. */
export type ValuesOf<O> = O extends OptionSet<infer S> ? OptionValues<S> : never;

export function defineOptions<const S extends OptionSpecs>(
  station: string,
  specs: S,
  extra: { flagPrefix?: string; check?: (values: OptionValues<S>) => string | undefined } = {},
): OptionSet<S> {
  return {
    station,
    flagPrefix: extra.flagPrefix ?? station,
    specs,
    ...(extra.check === undefined ? {} : { check: extra.check }),
  };
}

const kebab = (key: string) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** `("ingest", "port")` is `--ingest-port`. */
export function flagOf(set: Pick<OptionSet, "flagPrefix">, key: string): string {
  return set.flagPrefix === "" ? `--${kebab(key)}` : `--${set.flagPrefix}-${kebab(key)}`;
}

/** `("ingest", "port")` is `HAILSTREAM_INGEST_PORT`. */
export function variableOf(set: Pick<OptionSet, "station">, key: string): string {
  return `HAILSTREAM_${set.station}_${kebab(key)}`.replaceAll("-", "_").toUpperCase();
}

/** Where values come from: flags by their full name without dashes in front (`ingest-port`), and variables. Flags win. */
export type OptionSource = {
  readonly flags?: Readonly<Record<string, string | boolean | undefined>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
};

/**
 * Reads and checks the values of one set.
 * @throws PipelineError option_invalid, naming flag, variable, what was expected and what was given.
 */
export function readOptions<S extends OptionSpecs>(set: OptionSet<S>, source: OptionSource): OptionValues<S> {
  const values: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(set.specs)) {
    const flag = source.flags?.[flagOf(set, key).slice(2)];
    const text = (flag === undefined ? source.env?.[variableOf(set, key)] : String(flag)) ?? spec.default;
    if (text === undefined) continue;
    const parsed = spec.schema.safeParse(text);
    if (!parsed.success) {
      const got = spec.secret ? "a value that is not shown" : JSON.stringify(text);
      const where = `${flagOf(set, key)} (${variableOf(set, key)})`;
      const why = parsed.error.issues.map((issue) => issue.message).join("; ");
      throw new PipelineError("option_invalid", { message: `${where} cannot be ${got}: ${why}` });
    }
    values[key] = parsed.data;
  }
  const problem = set.check?.(values as OptionValues<S>);
  if (problem !== undefined) throw new PipelineError("option_invalid", { message: problem });
  return values as OptionValues<S>;
}

/** @throws PipelineError option_unknown for a HAILSTREAM_ variable that no set declares, with the nearest one. */
export function refuseUnknownVariables(sets: readonly OptionSet[], env: OptionSource["env"] = {}): void {
  const known = sets.flatMap((set) => Object.keys(set.specs).map((key) => variableOf(set, key)));
  for (const name of Object.keys(env)) {
    if (!name.startsWith("HAILSTREAM_") || known.includes(name)) continue;
    const hint = didYouMean(name, known);
    throw new PipelineError("option_unknown", {
      message: `There is no option behind the variable ${name}.${hint === undefined ? "" : ` Did you mean ${hint}?`}`,
    });
  }
}

/** The known word nearest to `word`, when it is near enough to be a slip of the finger. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  const most = Math.max(2, Math.floor(word.length / 4));
  // Words of too different a length cannot be near; a hostile word may be very long.
  const candidates = known.filter((candidate) => Math.abs(candidate.length - word.length) <= most);
  if (candidates.length === 0) return undefined;
  const nearest = closest(word, candidates);
  return distance(word, nearest) <= most ? nearest : undefined;
}
