import { createHash } from "node:crypto";
import { compareSchemas } from "../compatibility.ts";
import type { EventType } from "../event-type.ts";
import { releasesOf } from "../released.ts";
import type { CodeField, CodeModel, CodeType } from "./model.ts";

/** What the code of one type was made of. */
export type LockedType = {
  /** The newest released version; with + behind it when the schema has changed since. */
  readonly version: string;
  /** Of all that the code depends on, docs included. */
  readonly hash: string;
  /** What each field holds; one that may be left out has a ? behind its name. */
  readonly fields: Readonly<Record<string, string>>;
};

/** Which schemas the code of a folder was made of. It lies beside the code and says later what has changed. */
export type Lock = { readonly language: string; readonly types: Readonly<Record<string, LockedType>> };

/** One thing that is different now. */
export type LockChange = { readonly type: string; readonly what: string };

export function lockOf(language: string, types: readonly EventType[], model: CodeModel): Lock {
  const locked = model.events.map((event): [string, LockedType] => {
    const type = types.find(({ name }) => name === event.type) as EventType;
    const fields = Object.fromEntries(event.fields.map((field) => [nameOf(field), words(field.type, model)]));
    const made = JSON.stringify([type.schema, type.class, type.keyField, event.fields]);
    const hash = createHash("sha256").update(made).digest("hex").slice(0, 16);
    return [event.type, { version: versionOf(type), hash, fields }];
  });
  return { language, types: Object.fromEntries(locked) };
}

/** The lock as it lies in its file. */
export function lockText(lock: Lock): string {
  const about = "Made by `hailstream codegen`. Keep it beside the code; `hailstream codegen --verify` compares by it.";
  return `${JSON.stringify({ about, ...lock }, null, 2)}\n`;
}

/** The lock that a file holds; undefined when it holds none. */
export function readLock(text: string): Lock | undefined {
  try {
    const lock = JSON.parse(text) as Partial<Lock> | null;
    const types: unknown = Object.values(lock?.types ?? { none: undefined });
    const whole = (types as (Partial<LockedType> | null | undefined)[]).every(
      (type) => typeof type?.version === "string" && typeof type.hash === "string" && typeof type.fields === "object",
    );
    return whole ? (lock as Lock) : undefined;
  } catch {
    return undefined;
  }
}

/** What changed from one lock to another, in the words of a change log. */
export function compareLocks(old: Lock, now: Lock): LockChange[] {
  const names = [...new Set([...Object.keys(old.types), ...Object.keys(now.types)])].sort();
  return names.flatMap((type) => compareTypes(old.types[type], now.types[type]).map((what) => ({ type, what })));
}

function compareTypes(old: LockedType | undefined, now: LockedType | undefined): string[] {
  if (old === undefined) return ["is new"];
  if (now === undefined) return ["is gone, or not chosen any more"];
  if (old.hash === now.hash && old.version === now.version) return [];
  const names = [...new Set([...Object.keys(old.fields), ...Object.keys(now.fields)])].map(plain);
  const fields = [...new Set(names)].flatMap((name) => compareFields(name, entryOf(old, name), entryOf(now, name)));
  if (old.version !== now.version) fields.unshift(`is version ${now.version}, was ${old.version}`);
  return fields.length > 0 ? fields : ["has other docs, bounds or class"];
}

function compareFields(name: string, old: string | undefined, now: string | undefined): string[] {
  if (old === now) return [];
  if (old === undefined) return [`has the new field ${name}: ${now}`];
  if (now === undefined) return [`no longer has the field ${name}: code that sends it is refused`];
  return [`field ${name}: was ${old}, is ${now}`];
}

/** What a lock says of a field: what it holds, and whether it may be left out. */
function entryOf({ fields }: LockedType, name: string): string | undefined {
  const optional = fields[`${name}?`];
  return optional === undefined ? fields[name] : `${optional}, may be left out`;
}

function plain(name: string): string {
  return name.replace(/\?$/, "");
}

function nameOf({ name, optional }: CodeField): string {
  return optional ? `${name}?` : name;
}

function words(type: CodeType, model: CodeModel): string {
  switch (type.kind) {
    case "id":
      return `id ${type.names.map((name) => model.ids.find((id) => id.name === name)?.prefix).join(" or ")}`;
    case "nullable":
      return `${words(type.of, model)} or null`;
    case "list":
    case "map":
      return `${type.kind} of ${words(type.of, model)}`;
    case "named": {
      const symbols = model.enums.find(({ name }) => name === type.name)?.symbols;
      if (symbols !== undefined) return symbols.join(" | ");
      const fields = model.records.find(({ name }) => name === type.name)?.fields ?? [];
      return `{ ${fields.map((field) => `${nameOf(field)}: ${words(field.type, model)}`).join(", ")} }`;
    }
    default:
      return type.kind;
  }
}

function versionOf(type: EventType): string {
  const newest = releasesOf(type.name, type.folder).at(-1);
  if (newest === undefined) return "0+";
  const now = { ...type.schema, topic: type.topic, key: type.keyField };
  return compareSchemas(newest.schema, now).length === 0 ? String(newest.version) : `${newest.version}+`;
}
