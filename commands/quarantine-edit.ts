import { PipelineError } from "../runtime/index.ts";

/** One change of an event. Pointers are RFC 6901; "-" behind an array is the place after its last item. */
export type Edit =
  | { readonly kind: "set"; readonly pointer: string; readonly value: unknown }
  | { readonly kind: "unset"; readonly pointer: string }
  | { readonly kind: "move"; readonly from: string; readonly to: string };

export type EventObject = Record<string, unknown>;

/** `/data/speed=8.3`. A value that is no JSON is a text; `"8.3"` in quotes is one, too. @throws PipelineError option_invalid */
export function readSet(text: string): Edit {
  const { left: pointer, right } = halves("--set", text);
  let value: unknown = right;
  try {
    value = JSON.parse(right);
  } catch {
    // Then it is the text itself.
  }
  return { kind: "set", pointer, value };
}

/** `/data/sped=/data/speed`: the value goes from the first place to the second. @throws PipelineError option_invalid */
export function readMove(text: string): Edit {
  const { left: from, right: to } = halves("--move", text);
  stepsOf("--move", to);
  return { kind: "move", from, to };
}

/** @throws PipelineError option_invalid */
export function readUnset(text: string): Edit {
  stepsOf("--unset", text);
  return { kind: "unset", pointer: text };
}

function halves(flag: string, text: string): { readonly left: string; readonly right: string } {
  const at = text.indexOf("=");
  if (at < 0) throw new PipelineError("option_invalid", { message: `${flag} takes POINTER=VALUE, not ${text}` });
  const left = text.slice(0, at);
  stepsOf(flag, left);
  return { left, right: text.slice(at + 1) };
}

/** The same event with the changes made, in order; the given one stays as it is. @throws PipelineError quarantine_fix_invalid */
export function applyEdits(event: EventObject, edits: readonly Edit[]): EventObject {
  const changed = structuredClone(event);
  for (const edit of edits) {
    if (edit.kind === "set") put(changed, edit.pointer, structuredClone(edit.value));
    else if (edit.kind === "unset") take(changed, edit.pointer);
    else put(changed, edit.to, take(changed, edit.from));
  }
  return changed;
}

function put(event: EventObject, pointer: string, value: unknown): void {
  const { parent, last } = parentOf(event, pointer);
  if (!Array.isArray(parent)) {
    parent[last] = value;
    return;
  }
  const index = last === "-" ? parent.length : indexIn(parent, last, pointer);
  parent[index] = value;
}

function take(event: EventObject, pointer: string): unknown {
  const { parent, last } = parentOf(event, pointer);
  if (Array.isArray(parent)) return parent.splice(indexIn(parent, last, pointer), 1)[0];
  if (!Object.hasOwn(parent, last)) throw invalid(pointer, "there is nothing");
  const value = parent[last];
  delete parent[last];
  return value;
}

/** The object or array that a pointer's last step is in. */
function parentOf(
  event: EventObject,
  pointer: string,
): { readonly parent: EventObject | unknown[]; readonly last: string } {
  const steps = stepsOf("the pointer", pointer);
  const last = steps.pop() as string;
  let parent: unknown = event;
  for (const [depth, step] of steps.entries()) {
    const isThere = isContainer(parent) && Object.hasOwn(parent, step);
    parent = isThere ? (parent as EventObject)[step] : undefined;
    if (isContainer(parent)) continue;
    const place = `/${steps.slice(0, depth + 1).join("/")}`;
    const isAvro = place === "/data" && Object.hasOwn(event, "data_base64");
    throw invalid(
      pointer,
      isAvro ? "the data is Avro in /data_base64: give the event whole, with --file" : `${place} holds nothing`,
    );
  }
  return { parent: parent as EventObject | unknown[], last };
}

function isContainer(value: unknown): value is EventObject | unknown[] {
  return typeof value === "object" && value !== null;
}

function indexIn(items: readonly unknown[], step: string, pointer: string): number {
  const index = /^(?:0|[1-9]\d{0,8})$/.test(step) ? Number(step) : -1;
  if (index < 0 || index >= items.length) throw invalid(pointer, `the list has ${items.length} items`);
  return index;
}

/** Keys that the door never takes, and that must not reach into the nature of our own objects. */
const forbidden = ["__proto__", "constructor", "prototype"];

function stepsOf(what: string, pointer: string): string[] {
  const message = `${what} begins with a JSON pointer such as /data/speed, not ${JSON.stringify(pointer)}`;
  if (!pointer.startsWith("/")) throw new PipelineError("option_invalid", { message });
  const steps = pointer
    .slice(1)
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (steps.some((step) => forbidden.includes(step))) throw invalid(pointer, "such a key is never accepted");
  return steps;
}

function invalid(pointer: string, why: string): PipelineError {
  return new PipelineError("quarantine_fix_invalid", { message: `${pointer}: ${why}` });
}
