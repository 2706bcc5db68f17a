import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { allocatorVariables, nodeFlags } from "../runtime/index.ts";

const program = fileURLToPath(new URL("../main.ts", import.meta.url));

export type Running = { readonly child: ChildProcess; stop(): Promise<void> };

/** Starts a program whose words go to our standard error; `stop` ends it and waits. */
export function startProcess(
  file: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Running {
  const child = spawn(file, [...args], { stdio: ["ignore", "ignore", "inherit"], ...options });
  child.on("error", () => undefined);
  return {
    child,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const cut = setTimeout(() => child.kill("SIGKILL"), 12_000);
      await ended;
      clearTimeout(cut);
    },
  };
}

/** Starts a command of main.ts as the local stack and the image do. */
export function startStation(args: readonly string[]): Running {
  const env = { ...process.env, ...allocatorVariables };
  return startProcess(process.execPath, [...nodeFlags, program, ...args], { env });
}

/** Runs a program to its end and gives its standard output. @throws when it ends with another code than 0. */
export async function capture(file: string, args: readonly string[], options: { cwd?: string } = {}): Promise<string> {
  const child = spawn(file, [...args], { stdio: ["ignore", "pipe", "inherit"], ...options });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${file} ${args[0] ?? ""} ended with ${code ?? "a signal"}: ${output.slice(-500)}`);
  return output;
}

/** A port of 127.0.0.1 that is free at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Waits until a URL answers as wanted. @throws after 30 s, or when the process ended. */
export async function untilAnswers(
  url: string,
  { child }: Running,
  wanted: (status: number) => boolean = () => true,
): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const status = await fetch(url).then(
      async (response) => {
        await response.arrayBuffer();
        return response.status;
      },
      () => undefined,
    );
    if (status !== undefined && wanted(status)) return;
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    if (Date.now() > deadline) throw new Error(`${url} did not answer in time (last status: ${status ?? "none"})`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
