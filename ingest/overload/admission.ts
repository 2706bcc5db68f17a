import { PipelineError } from "../../runtime/index.ts";
import type { Sender } from "../identity/sender.ts";

/** The place of one request among those under way; `release` gives it back. */
export type Ticket = {
  /** The request now holds this many bytes, if that is more than before. */
  grow(bytes: number): void;
  release(): void;
};

/**
 * Decides whether a request is taken at all, before its body is read. This is the one place for every reason to refuse early:
 * the memory bound is here, rates by key and classes of events join it.
 */
export type Admission = {
  /**
   * @param sender whose share it is counted under.
   * @param bytes what the request says it will send; 0 when it does not say.
   * @throws PipelineError request_overloaded, request_rate_limited
   */
  admit(sender: Sender, bytes: number): Ticket;
};

/**
 * Bounds the bytes of all bodies under way together; one request is always let in, however large.
 * @param onChange hears the requests and bytes under way after each change.
 */
export function createAdmission(
  maxInFlightBytes: number,
  onChange: (requests: number, bytes: number) => void = () => undefined,
): Admission {
  let inFlight = 0;
  let inFlightBytes = 0;
  return {
    admit(_sender, declaredBytes) {
      const declared = Number.isFinite(declaredBytes) && declaredBytes > 0 ? declaredBytes : 0;
      if (inFlight > 0 && inFlightBytes + declared > maxInFlightBytes) {
        throw new PipelineError("request_overloaded", { fields: { limit: maxInFlightBytes } });
      }
      let held = declared;
      inFlight++;
      inFlightBytes += held;
      onChange(inFlight, inFlightBytes);
      return {
        grow(bytes) {
          if (bytes <= held) return;
          inFlightBytes += bytes - held;
          held = bytes;
        },
        release() {
          inFlight--;
          inFlightBytes -= held;
          held = 0;
          onChange(inFlight, inFlightBytes);
        },
      };
    },
  };
}
