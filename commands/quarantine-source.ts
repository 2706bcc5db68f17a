import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { messageOf, PipelineError } from "../runtime/index.ts";
import type { EventObject } from "./quarantine-edit.ts";

/** An event from a file, or from standard input for "-". @throws PipelineError quarantine_fix_invalid */
export function readEventFile(file: string): EventObject {
  let json: string;
  try {
    json = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw invalid(`${file}: ${messageOf(error)}`);
  }
  return parseEvent(json, file);
}

/**
 * Lets a person change an event in an editor, and waits.
 * @param editor a command line, as in the variable EDITOR
 * @throws PipelineError quarantine_fix_invalid
 */
export function editEvent(event: EventObject, editor: string): EventObject {
  // Nobody else may read what may be personal data.
  const folder = mkdtempSync(join(tmpdir(), "hailstream-quarantine-"));
  const file = join(folder, "event.json");
  try {
    writeFileSync(file, `${JSON.stringify(event, null, 2)}\n`, { mode: 0o600 });
    // EDITOR may hold arguments ("code --wait"), which only a shell takes apart.
    const { status, error } = spawnSync("sh", ["-c", `${editor} "$1"`, "sh", file], { stdio: "inherit" });
    if (error !== undefined || status !== 0)
      throw invalid(`the editor ended with ${error?.message ?? `code ${status}`}`);
    return parseEvent(readFileSync(file, "utf8"), "the edited event");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Gives events to a program, one a line, and takes its answer, one a line: `jq -c '.data.speed |= tonumber'`.
 * @throws PipelineError quarantine_fix_invalid when it fails, or gives another number of lines
 */
export async function pipeEvents(events: readonly EventObject[], program: string): Promise<readonly EventObject[]> {
  if (events.length === 0) return [];
  const child = spawn(program, { shell: true, stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  // A program that reads nothing has its reasons; its code tells.
  child.stdin.on("error", () => undefined);
  child.stdin.end(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  const [output, code] = await Promise.all([text(child.stdout), ended]).catch((error: unknown) => {
    throw invalid(`${program}: ${messageOf(error)}`);
  });
  if (code !== 0) throw invalid(`${program} ended with code ${code}`);
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  if (lines.length !== events.length) {
    throw invalid(
      `${program} gave ${lines.length} lines for ${events.length} events; it must give one for each (jq -c)`,
    );
  }
  return lines.map((line) => parseEvent(line, program));
}

function parseEvent(json: string, from: string): EventObject {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    throw invalid(`${from}: ${messageOf(error)}`);
  }
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed as EventObject;
  throw invalid(`${from}: an event is a JSON object`);
}

function invalid(message: string): PipelineError {
  return new PipelineError("quarantine_fix_invalid", { message });
}
