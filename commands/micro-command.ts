import { type ChildProcess, spawn } from "node:child_process";
import { createService, PipelineError, type Service } from "../runtime/index.ts";

/** A command that runs beside micro. */
export type MicroCommand = Service & {
  /** Whether it ended well; undefined while it runs, and when it was ended. */
  readonly succeeded: boolean | undefined;
};

export type MicroCommandParts = {
  readonly words: readonly [program: string, ...words: string[]];
  /** With the address of micro in it. */
  readonly env: () => NodeJS.ProcessEnv;
  readonly onEnd: () => void;
};

/** Runs a command with our terminal, input and output. Stopped, it is asked to end, and waited for. */
export function createMicroCommand({ words: [program, ...words], env, onEnd }: MicroCommandParts): MicroCommand {
  let child: ChildProcess | undefined;
  let ended: Promise<unknown> | undefined;
  let succeeded: boolean | undefined;
  const service = createService({
    name: "micro command",
    start(fail) {
      const running = spawn(program, words, { stdio: "inherit", env: env() });
      child = running;
      ended = new Promise((resolve) => running.once("exit", resolve).once("error", resolve));
      running.once("error", (cause) => {
        const message = `The command ${program} cannot be started`;
        fail(new PipelineError("micro_command_failed", { message, cause }));
      });
      running.once("exit", (code) => {
        succeeded = code === 0;
        onEnd();
      });
    },
    async stop() {
      child?.kill("SIGTERM");
      await ended;
    },
  });
  return Object.defineProperty(service, "succeeded", { get: () => succeeded }) as MicroCommand;
}
