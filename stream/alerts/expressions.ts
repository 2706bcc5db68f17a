import { Environment } from "@marcbachmann/cel-js";
import { latLngToCell } from "h3-js";
import type { CityAt } from "./city-at.ts";

/** Names and CEL types of what an expression may speak of. */
export type Names = Readonly<Record<string, string | Readonly<Record<string, string>>>>;

/** An expression, parsed and checked once. @throws an Error of the library, whose message names the reason */
export type Compiled = (names: Readonly<Record<string, unknown>>) => unknown;

/** What is wrong with an expression, in one line. */
export class ExpressionError extends Error {}

/**
 * Compiles a CEL expression that gives a value of one of `wanted` types. The check knows the fields of the events, so a misspelt one is told when the
 * rule is loaded.
 * @throws ExpressionError
 */
export function compile(text: string, names: Names, cityAt: CityAt, wanted: readonly string[]): Compiled {
  try {
    const found = environment(names, cityAt, true).check(text);
    if (!found.valid) throw new ExpressionError(reasonOf(found.error));
    const type = String(found.type);
    if (type !== "dyn" && !wanted.includes(type))
      throw new ExpressionError(`it gives ${type}, and ${wanted.join(" or ")} is needed`);
    const run = environment(names, cityAt, false).parse(text);
    return (values) => run(values as Record<string, unknown>);
  } catch (error) {
    throw error instanceof ExpressionError ? error : new ExpressionError(reasonOf(error));
  }
}

/** What the library says, without the picture of the place below it. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split("\n")[0] ?? message).trim();
}

/** Numbers of events are floating point; CEL itself has no operators between them and whole numbers. */
function environment(names: Names, cityAt: CityAt, checking: boolean): Environment {
  let env = new Environment({ enableOptionalTypes: true })
    .registerOperator("double + int", (a: number, b: bigint) => a + Number(b))
    .registerOperator("double - int", (a: number, b: bigint) => a - Number(b))
    .registerOperator("double * int", (a: number, b: bigint) => a * Number(b))
    .registerOperator("double / int", (a: number, b: bigint) => a / Number(b))
    .registerOperator("int + double", (a: bigint, b: number) => Number(a) + b)
    .registerOperator("int - double", (a: bigint, b: number) => Number(a) - b)
    .registerOperator("int * double", (a: bigint, b: number) => Number(a) * b)
    .registerOperator("int / double", (a: bigint, b: number) => Number(a) / b)
    .registerFunction("cell(double, double, int): string", (latitude: number, longitude: number, resolution: bigint) =>
      latLngToCell(latitude, longitude, Number(resolution)),
    )
    .registerFunction(
      "city(double, double): string",
      (latitude: number, longitude: number) => cityAt(latitude, longitude) ?? "",
    )
    .registerFunction("round(double, int): string", (value: number, digits: bigint) => value.toFixed(Number(digits)));
  for (const [name, type] of Object.entries(names)) {
    if (typeof type === "string") env = env.registerVariable(name, type);
    else if (checking) env = env.registerVariable({ name, schema: { ...type } });
    else env = env.registerVariable(name, "dyn");
  }
  return env;
}
