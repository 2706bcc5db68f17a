import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { PipelineError } from "../runtime/index.ts";
import { type Environment, javaFrom } from "./artefacts.ts";

/** The oldest Java that Kafka and the registry run on. */
export const oldestJava = 17;

export type Java = { readonly program: string; readonly major: number; readonly words: string };

/** The Java that the parts are started with; asking takes as long as a start of Java. @throws when there is none */
export async function findJava(env: Environment): Promise<Java> {
  const program = javaFrom(env);
  const { stderr } = await promisify(execFile)(program, ["-version"], { env: { ...env } });
  const version = /version "(?:1\.)?(\d+)[^"]*"/.exec(stderr);
  return { program, major: Number(version?.[1] ?? 0), words: version?.[0] ?? "no version" };
}

/** Why a start with this Java failed, when the Java is the reason; asked only then, since a good start need not wait for it. */
export async function explainByJava(env: Environment): Promise<PipelineError | undefined> {
  const java = await findJava(env).catch(() => undefined);
  if (java !== undefined && java.major >= oldestJava) return undefined;
  const program = javaFrom(env);
  const found = java === undefined ? `${program} cannot be run` : `${program} is ${java.words}`;
  return new PipelineError("local_java_unusable", {
    message: `Kafka and the registry need Java ${oldestJava} or newer, and ${found}`,
  });
}
