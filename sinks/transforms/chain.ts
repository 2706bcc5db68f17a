import { type ConfigKey, type FlatConfig, listOf, type Problem, problemOf } from "../connectors/keys.ts";
import type { AvroField } from "../postgres/avro-type.ts";
import { cast } from "./cast.ts";
import { flatten } from "./flatten.ts";
import { insertField } from "./insert-field.ts";
import { maskField } from "./mask-field.ts";
import { type Predicate, predicateKinds } from "./predicates.ts";
import { replaceField } from "./replace-field.ts";
import { extractTopic, regexRouter } from "./route.ts";
import { type Compiled, type Passing, sameFields, type Transform, type TransformKind } from "./transform.ts";

/** The transforms by the names that people know from Kafka Connect; `$Value` and the package in front may be left out. */
export const transformKinds: Readonly<Record<string, TransformKind>> = {
  Filter: { keys: [], predicated: true, make: () => sameFields(() => undefined) },
  MaskField: maskField,
  ReplaceField: replaceField,
  Cast: cast,
  Flatten: flatten,
  InsertField: insertField,
  RegexRouter: regexRouter,
  ExtractTopic: extractTopic,
};

const packages = /^(?:org\.apache\.kafka\.connect\.transforms\.(?:predicates\.)?|io\.confluent\.connect\.transforms\.)/;

/** `org.apache.kafka.connect.transforms.MaskField$Value` is MaskField. */
export const shortNameOf = (type: string): string => type.replace(packages, "").replace(/\$Value$/, "");

/** The transforms of a connector, one behind the other. */
export type Chain = {
  readonly isEmpty: boolean;
  /** Whether a record's table may depend on its fields. */
  readonly routesByField: boolean;
  compile(fields: readonly AvroField[]): Compiled;
  /** The topic that a record of `topic` has at the end, as far as only RegexRouter decides, predicates on the topic included. */
  routeOf(topic: string): string;
};

export type ChainReading = {
  readonly chain: Chain;
  readonly problems: readonly Problem[];
  /** Every key that belongs to the transforms and predicates that are named, with its full name. */
  readonly keys: readonly ConfigKey[];
};

/** Reads `transforms`, `predicates` and the keys below them. With problems the chain is not to be used. */
export function readChain(config: FlatConfig): ChainReading {
  const keys: ConfigKey[] = [];
  const problems: Problem[] = [];
  const predicates = new Map<string, Predicate>();
  for (const alias of listOf(config.predicates ?? "")) {
    const prefix = `predicates.${alias}.`;
    const kind = kindOf(prefix, predicateKinds, []);
    if (kind !== undefined) predicates.set(alias, kind.kind.make(kind.options));
  }
  const transforms: Transform[] = [];
  let routesByField = false;
  for (const alias of listOf(config.transforms ?? "")) {
    const prefix = `transforms.${alias}.`;
    const found = kindOf(prefix, transformKinds, [
      {
        ...optional,
        name: "predicate",
        type: "STRING",
        doc: "The predicate that decides whether it acts on a record.",
      },
      {
        ...optional,
        name: "negate",
        type: "BOOLEAN",
        default: "false",
        doc: "Whether it acts where the predicate does not hold.",
      },
    ]);
    if (found === undefined) continue;
    const { kind, options } = found;
    const predicate = predicates.get(options.predicate ?? "");
    if (options.predicate !== undefined && !listOf(config.predicates ?? "").includes(options.predicate)) {
      problems.push({
        key: `${prefix}predicate`,
        expected: "a name listed in predicates",
        got: JSON.stringify(options.predicate),
      });
    } else if (options.predicate !== undefined && !kind.predicated) {
      const expected = "no predicate: the columns of a table must not depend on one";
      problems.push({ key: `${prefix}predicate`, expected, got: JSON.stringify(options.predicate) });
    }
    if (problems.length > 0) continue;
    routesByField ||= kind.routesByField === true;
    const negate = options.negate?.toLowerCase() === "true";
    transforms.push(predicate === undefined ? kind.make(options) : under(predicate, negate, kind.make(options)));
  }
  return { chain: chainOf(transforms, routesByField), problems, keys };

  function kindOf<K extends { readonly keys: readonly ConfigKey[] }>(
    prefix: string,
    kinds: Readonly<Record<string, K>>,
    more: readonly ConfigKey[],
  ): { readonly kind: K; readonly options: FlatConfig } | undefined {
    const names = Object.keys(kinds);
    const type = config[`${prefix}type`];
    keys.push({
      ...optional,
      name: `${prefix}type`,
      type: "STRING",
      required: true,
      doc: `One of ${names.join(", ")}.`,
    });
    const kind = type === undefined || !Object.hasOwn(kinds, shortNameOf(type)) ? undefined : kinds[shortNameOf(type)];
    if (kind === undefined) {
      const got = type === undefined ? "nothing" : JSON.stringify(type);
      problems.push({ key: `${prefix}type`, expected: `one of ${names.join(", ")}`, got });
      // Its other keys cannot be judged, but they are no strangers either.
      const own = Object.keys(config).filter((name) => name.startsWith(prefix) && name !== `${prefix}type`);
      keys.push(...own.map((name): ConfigKey => ({ ...optional, name, type: "STRING", doc: "" })));
      return undefined;
    }
    const options: Record<string, string> = {};
    let sound = true;
    for (const key of [...kind.keys, ...more]) {
      const name = `${prefix}${key.name}`;
      keys.push({ ...key, name });
      const text = config[name] ?? key.default;
      const problem = problemOf({ ...key, name }, text);
      if (problem !== undefined) problems.push(problem);
      if (text !== undefined) options[key.name] = text;
      sound &&= problem === undefined;
    }
    return sound ? { kind, options } : undefined;
  }
}

const optional = { importance: "MEDIUM", group: "Transforms" } as const;

function under(predicate: Predicate, negate: boolean, transform: Transform): Transform {
  return {
    compile(fields) {
      const compiled = transform.compile(fields);
      return {
        fields: compiled.fields,
        apply: (record) => (predicate(record) === negate ? record : compiled.apply(record)),
      };
    },
  };
}

function chainOf(transforms: readonly Transform[], routesByField: boolean): Chain {
  return {
    isEmpty: transforms.length === 0,
    routesByField,
    routeOf(topic) {
      let record: Passing = { topic, partition: 0, offset: "0", timestamp: "0", headers: {}, value: null };
      for (const transform of transforms) record = transform.compile([]).apply(record) ?? record;
      return record.topic;
    },
    compile(fields) {
      const links: Compiled[] = [];
      for (const transform of transforms) links.push(transform.compile(links.at(-1)?.fields ?? fields));
      return {
        fields: links.at(-1)?.fields ?? fields,
        apply(record) {
          let passing: ReturnType<Compiled["apply"]> = record;
          for (let i = 0; passing !== undefined && i < links.length; i++)
            passing = (links[i] as Compiled).apply(passing);
          return passing;
        },
      };
    },
  };
}
