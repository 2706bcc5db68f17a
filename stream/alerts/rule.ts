import { createHash } from "node:crypto";
import type { Catalogue } from "../../schemas/index.ts";
import type { CityAt } from "./city-at.ts";
import { type Compiled, compile, ExpressionError, type Names } from "./expressions.ts";
import type { RuleSpec } from "./rule-shape.ts";
import { fieldsOf, sourceOf } from "./rule-sources.ts";
import { type Template, template } from "./template.ts";

/** How one value of a window is collected. */
export type Aggregate = {
  readonly name: string;
  readonly kind: "count" | "sum" | "max" | "distinct";
  readonly of: Compiled;
  readonly only?: Compiled;
};

/** A rule, its expressions compiled. What it compiles is called for events again and again; nothing is parsed then. */
export type Rule = {
  readonly spec: RuleSpec;
  readonly name: string;
  /** What it judges by: the last event, the events of a window, or that there are none. */
  readonly kind: "event" | "window" | "absence";
  /** The topics that its events lie in. */
  readonly topics: readonly string[];
  /** Changes when a window would collect something else: what was collected before is then worth nothing. */
  readonly version: string;
  /** Events that arrived before this moment do not concern it; absent: all do. */
  readonly sinceMs?: number;
  readonly where?: Compiled;
  readonly by: readonly (readonly [string, Compiled])[];
  /** The labels that make one incident of several members; all labels when the rule does not group. */
  readonly groupBy: readonly string[];
  readonly grouped: boolean;
  readonly when?: Compiled;
  readonly aggregates: readonly Aggregate[];
  readonly summary: Template;
  readonly labels: readonly (readonly [string, Template])[];
  readonly annotations: readonly (readonly [string, Template])[];
  readonly location?: { readonly latitude: Compiled; readonly longitude: Compiled };
};

/** A rule that cannot be used: which key, and why. */
export class RuleProblem extends Error {
  readonly path: readonly (string | number)[];
  constructor(path: readonly (string | number)[], message: string) {
    super(message);
    this.path = path;
  }
}

const eventNames = { id: "string", type: "string", source: "string", subject: "string", time: "string" };

/** @throws RuleProblem */
export function compileRule(spec: RuleSpec, catalogue: Catalogue, cityAt: CityAt): Rule {
  const kind = kindOf(spec);
  const types = spec.on.map((type, i) => at(["on", i], () => fieldsOf(type, catalogue)));
  const labelNames: Names = { labels: Object.fromEntries(Object.keys(spec.by).map((name) => [name, "string"])) };
  const onEvent: Names = { data: mergeFields(types), event: eventNames, ...labelNames };
  const values = Object.entries(spec.values ?? {});
  const onWindow: Names = {
    ...labelNames,
    ...Object.fromEntries(values.map(([name]) => [name, "double"])),
  };
  // What is told of an event speaks of the event; what is told of many, or of none, of what they have in common.
  const told = kind === "event" ? onEvent : kind === "window" ? onWindow : labelNames;
  const bool = (key: keyof RuleSpec, names: Names) =>
    spec[key] === undefined ? {} : { [key]: expression([key], String(spec[key]), names, ["bool"]) };
  const expression = (path: readonly (string | number)[], text: string, names: Names, wanted: readonly string[]) =>
    at(path, () => compile(text, names, cityAt, wanted));
  const texts = (key: "labels" | "annotations") =>
    Object.entries(spec[key]).map(
      ([name, text]) => [name, at([key, name], () => template(text, told, cityAt))] as const,
    );
  const unknown = (spec.group_by ?? []).findIndex((label) => !(label in spec.by));
  if (unknown >= 0)
    throw new RuleProblem(["group_by", unknown], `expected one of the labels of by, got ${spec.group_by?.[unknown]}`);

  return {
    spec,
    name: spec.name,
    kind,
    topics: [...new Set(spec.on.map((type) => sourceOf(type, catalogue)))],
    version: createHash("sha256")
      .update(JSON.stringify([spec.on, spec.where, spec.by, spec.window, spec.values]))
      .digest("hex")
      .slice(0, 12),
    ...bool("where", onEvent),
    by: Object.entries(spec.by).map(([name, text]) => {
      const names = { data: mergeFields(types), event: eventNames };
      return [name, expression(["by", name], text, names, ["string"])] as const;
    }),
    groupBy: spec.group_by ?? Object.keys(spec.by),
    grouped: spec.group_by !== undefined,
    ...bool("when", kind === "window" ? onWindow : onEvent),
    aggregates: values.map(([name, aggregate]) => {
      const [how, text] = Object.entries(aggregate)[0] as [Aggregate["kind"], string];
      const wanted = how === "count" ? ["bool"] : how === "distinct" ? ["string"] : ["double", "int"];
      const only = "if" in aggregate ? aggregate.if : undefined;
      return {
        ...{ name, kind: how, of: expression(["values", name, how], text, onEvent, wanted) },
        ...(only === undefined ? {} : { only: expression(["values", name, "if"], only, onEvent, ["bool"]) }),
      };
    }),
    summary: at(["summary"], () => template(spec.summary, told, cityAt)),
    labels: texts("labels"),
    annotations: texts("annotations"),
    ...(spec.location === undefined
      ? {}
      : {
          location: {
            latitude: expression(["location", "latitude"], spec.location.latitude, onEvent, ["double", "null"]),
            longitude: expression(["location", "longitude"], spec.location.longitude, onEvent, ["double", "null"]),
          },
        }),
  };
}

/** How long the word of the last event counts; of a rule on single events. */
export function holdsMs({ holds_for }: RuleSpec): number {
  return holds_for ?? 5 * 60_000;
}

function kindOf(spec: RuleSpec): Rule["kind"] {
  const refuse = (key: string, why: string): never => {
    throw new RuleProblem([key], why);
  };
  if (spec.absent_for !== undefined) {
    for (const key of ["when", "window", "values", "holds_for", "no_data_after", "location"] as const)
      if (spec[key] !== undefined)
        refuse(key, "a rule with absent_for fires when nothing arrives, and has no such key");
    return "absence";
  }
  if (spec.window === undefined && spec.values === undefined) {
    if (spec.for > holdsMs(spec)) refuse("for", "expected at most holds_for: the word of an event counts no longer");
    return "event";
  }
  if (spec.window === undefined) refuse("values", "values are collected over a window, and there is none");
  if (spec.values === undefined) refuse("window", "expected values, which say what is collected over it");
  if (spec.when === undefined) refuse("window", "expected when, a condition on the values");
  for (const key of ["holds_for", "location"] as const)
    if (spec[key] !== undefined) refuse(key, "a rule with a window has no such key: it speaks of many events");
  return "window";
}

function at<T>(path: readonly (string | number)[], work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ExpressionError) throw new RuleProblem(path, error.message);
    throw error;
  }
}

/** The fields of events of several types, as CEL sees them; what only some of the types have may be null. */
function mergeFields(types: readonly Readonly<Record<string, string>>[]): Readonly<Record<string, string>> {
  const names = new Set(types.flatMap((fields) => Object.keys(fields)));
  return Object.fromEntries(
    [...names].map((name) => {
      const [first, ...others] = types.map((fields) => fields[name]);
      return [name, first !== undefined && others.every((type) => type === first) ? first : "dyn"];
    }),
  );
}
