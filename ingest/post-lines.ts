import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, PipelineError, securityHeaders } from "../runtime/index.ts";
import { problemOf, retryAfterSeconds } from "./answers/problems.ts";
import { resultOf } from "./answers/results.ts";
import { withInlineAvro } from "./formats/avro.ts";
import { type ChunkReader, createChunkReader } from "./formats/chunk-reader.ts";
import { lineItems } from "./formats/line-items.ts";
import { createLineSplitter, type Line } from "./formats/split-lines.ts";
import { handleEvents, requestFactsOf } from "./handle-events.ts";
import { withAddress } from "./identity/origin.ts";
import type { Sender } from "./identity/sender.ts";
import type { Ticket } from "./overload/admission.ts";
import type { RouteParts } from "./route-parts.ts";

/** Inflated bytes of a stream that may wait while a piece of it is handled. */
const maxWaitingBytes = 128 * 1024;
/** A key that is withdrawn must not live on in a stream. */
const identifyEveryMs = 10_000;
/** What a client may still send after its answer has ended, so that it sees the answer and not a broken connection. */
const lingerMs = 1_000;

/**
 * A stream of events, one a line, and of their results, one a line. What has come is handled in pieces, one after another, so the
 * events keep their order; the client is read no faster than that, nor than it takes its results. The memory that a stream holds
 * does not depend on its length.
 */
export async function postLines(
  request: IncomingMessage,
  response: ServerResponse,
  { gzip, arrivedAt }: { readonly gzip: boolean; readonly arrivedAt: number },
  parts: RouteParts,
): Promise<void> {
  const { options, metrics, streams } = parts;
  // A stream that could not be begun is better refused than ended at once.
  parts.admission.admit(await identify(request, parts), 0).release();
  const { socket } = request;
  const reader = createChunkReader(request, {
    gzip,
    maxWaitingBytes,
    idleTimeoutMs: options.streamIdleTimeoutMs,
    onBytes: metrics.body,
  });
  // The results begin before the body ends: whoever is asked to wait for them must see that they come.
  for (const [name, value] of securityHeaders) response.setHeader(name, value);
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  response.flushHeaders();
  metrics.request(200);
  const splitter = createLineSplitter(options.maxEventBytes);
  const stream = createStream(request, response, arrivedAt, parts);
  streams.open(socket, (reason) => {
    stream.end(reason);
    reader.stop(reason);
  });
  // The reader and the writer have time-outs of their own, and a stream that is slowed down may be silent for longer than either.
  socket.setTimeout(0);
  let failure: unknown;
  try {
    for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) {
      await stream.handle(splitter.push(chunk));
    }
    await stream.handle(splitter.end());
  } catch (error) {
    failure = error;
  }
  streams.close(socket);
  if (response.destroyed) return reader.discard();
  response.end(stream.summary(splitter.count, failure));
  if (!request.complete) await linger(request, reader);
}

type Stream = {
  handle(lines: readonly Line[]): Promise<void>;
  /** Lets the piece under way be the last. */
  end(reason: PipelineError): void;
  /** The last line of the answer. */
  summary(lines: number, failure: unknown): string;
};

function createStream(
  request: IncomingMessage,
  response: ServerResponse,
  arrivedAt: number,
  parts: RouteParts,
): Stream {
  const { options } = parts;
  const counts = { accepted: 0, duplicate: 0, quarantined: 0, rejected: 0, retry: 0 };
  const onlyFailures = /(?:^|[,;\s])return\s*=\s*"?minimal\b/i.test(String(request.headers.prefer ?? ""));
  let sender: Sender | undefined;
  let identifiedAt = 0;
  let ended: PipelineError | undefined;

  async function knownSender(): Promise<Sender> {
    if (sender === undefined || parts.now() - identifiedAt > identifyEveryMs) {
      sender = withAddress(await identify(request, parts), request, parts.origin);
      identifiedAt = parts.now();
    }
    return sender;
  }

  /** @throws PipelineError when nobody waits for results any more, or nobody may */
  function isOver(): void {
    if (response.destroyed) throw new PipelineError("request_aborted");
    if (ended !== undefined) throw ended;
  }

  async function handlePiece(lines: readonly Line[], sender: Sender): Promise<void> {
    const bytes = bytesOf(lines);
    const ticket = await admit(sender, bytes, isOver, parts);
    try {
      await parts.turns.wait(bytes);
      const facts = requestFactsOf(request, arrivedAt, parts.now(), parts);
      const read = lineItems(lines, options.maxEventBytes);
      const items = await withInlineAvro(read, parts.decode, options.maxEventBytes);
      const verdicts = await handleEvents(items, sender, facts, parts);
      const answer = { docsUrl: options.docsUrl, retryAfterMs: 1_000 * retryAfterSeconds(parts.random()) };
      let text = "";
      for (const [i, verdict] of verdicts.entries()) {
        counts[verdict.outcome]++;
        const isStored = verdict.outcome === "accepted" || verdict.outcome === "duplicate";
        if (!(onlyFailures && isStored)) text += `${resultOf(lines[i]?.number ?? 0, verdict, answer)}\n`;
      }
      if (text !== "") await write(response, text, options.streamIdleTimeoutMs);
    } finally {
      ticket.release();
    }
  }

  return {
    async handle(lines) {
      for (let begin = 0; begin < lines.length; ) {
        const sender = await knownSender();
        const left = Math.min(lines.length - begin, options.maxEvents);
        const { events, waitMs } = parts.gate?.pace(sender, left) ?? { events: left, waitMs: 0 };
        await pause(waitMs, isOver);
        isOver();
        await handlePiece(lines.slice(begin, begin + events), sender);
        begin += events;
      }
    },
    end(reason) {
      ended ??= reason;
    },
    summary(lines, failure) {
      const summary = { complete: failure === undefined, lines, ...counts };
      if (failure === undefined) return `${JSON.stringify({ summary })}\n`;
      const problem = problemOf(failure, options.docsUrl);
      parts.observer?.problem(request, problem);
      if (problem.code === "request_failed") parts.log.error({ err: failure }, messageOf(failure));
      return `${JSON.stringify({ summary: { ...summary, problem } })}\n`;
    },
  };
}

function identify(request: IncomingMessage, parts: RouteParts): Sender | Promise<Sender> {
  return parts.identity.identify(request.headers.authorization);
}

/**
 * A server that is busy slows a stream down instead of ending it, for as long as a client may be idle.
 * @throws PipelineError request_overloaded, and what `isOver` throws
 */
async function admit(sender: Sender, bytes: number, isOver: () => void, parts: RouteParts): Promise<Ticket> {
  const deadline = performance.now() + parts.options.streamIdleTimeoutMs;
  for (let pauseMs = 20; ; pauseMs = Math.min(2 * pauseMs, 1_000)) {
    let ticket: Ticket | undefined;
    try {
      ticket = parts.admission.admit(sender, bytes);
      ticket.grow(bytes);
      return ticket;
    } catch (error) {
      ticket?.release();
      const mayWait = error instanceof PipelineError && error.retryable && performance.now() < deadline;
      if (!mayWait) throw error;
      await pause(pauseMs * (0.5 + parts.random()), isOver);
    }
  }
}

/** Waits, and looks now and then whether it is still worth it. */
async function pause(ms: number, isOver: () => void): Promise<void> {
  for (let left = ms; left > 0; left -= 250) {
    isOver();
    await sleep(Math.min(left, 250));
  }
}

/** Writes and waits until the client has taken it. @throws PipelineError request_aborted, also when it does not take it in time */
function write(response: ServerResponse, text: string, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    if (response.destroyed) return reject(new PipelineError("request_aborted"));
    if (response.write(text)) return resolve();
    const timer = setTimeout(() => response.destroy(), timeoutMs);
    const done = () => {
      clearTimeout(timer);
      response.off("drain", done).off("close", done);
      if (response.destroyed) reject(new PipelineError("request_aborted"));
      else resolve();
    };
    response.on("drain", done).on("close", done);
  });
}

function bytesOf(lines: readonly Line[]): number {
  let bytes = 0;
  for (const line of lines) bytes += line.bytes.length;
  return bytes;
}

/** The rest of a body that nobody reads: it passes by for a while, then the connection is closed. */
async function linger(request: IncomingMessage, reader: ChunkReader): Promise<void> {
  reader.discard();
  try {
    await once(request, "close", { signal: AbortSignal.timeout(lingerMs) });
  } catch {
    request.socket.destroy();
  }
}
