import { PipelineError } from "../../runtime/index.ts";
import type { Sender } from "../identity/sender.ts";

/** The place of one request among those under way; `release` gives it back. */
export type Ticket = {
  /**
   * The request now holds this many bytes, if that is more than before.
   * @throws PipelineError request_overloaded
   */
  grow(bytes: number): void;
  release(): void;
};

/** Decides whether a request is taken at all, before its body is read: this is where the memory of all requests is bounded. */
export type Admission = {
  /**
   * @param sender whose share it is counted under.
   * @param bytes what the request says it will send; 0 when it does not say.
   * @throws PipelineError request_overloaded
   */
  admit(sender: Sender, bytes: number): Ticket;
  /** Bytes of all bodies under way. */
  readonly bytes: number;
};

/** Of the bound this part is for requests as small as one event: a call for help is one. */
const reserve = 1 / 8;

/**
 * Bounds the bytes of all bodies under way together; one request is always let in, however large. What a request has said that it will send
 * is a reason to refuse it, but does not count before it is there: whoever announces much and sends it slowly takes nobody's place.
 * @param onChange hears the requests and bytes under way after each change.
 * @param smallBytes requests of at most this many bytes may use the reserve
 */
export function createAdmission(
  maxInFlightBytes: number,
  onChange: (requests: number, bytes: number) => void = () => undefined,
  smallBytes = 0,
): Admission {
  let inFlight = 0;
  let inFlightBytes = 0;
  const forLarge = smallBytes === 0 ? maxInFlightBytes : Math.floor(maxInFlightBytes * (1 - reserve));
  /** @param more bytes of a request that has `bytes` with them */
  const refuse = (more: number, bytes: number) => {
    const limit = bytes > smallBytes ? forLarge : maxInFlightBytes;
    if (inFlightBytes + more > limit) throw new PipelineError("request_overloaded", { fields: { limit } });
  };
  return {
    get bytes() {
      return inFlightBytes;
    },
    admit(_sender, declaredBytes) {
      const declared = Number.isFinite(declaredBytes) && declaredBytes > 0 ? declaredBytes : 0;
      if (inFlight > 0) refuse(declared, declared);
      let held = 0;
      inFlight++;
      onChange(inFlight, inFlightBytes);
      return {
        grow(bytes) {
          if (bytes <= held) return;
          if (inFlight > 1) refuse(bytes - held, bytes);
          inFlightBytes += bytes - held;
          held = bytes;
          onChange(inFlight, inFlightBytes);
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
