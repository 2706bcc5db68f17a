import { type LookupAddress, type LookupOptions, lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { Agent, buildConnector } from "undici";
import { bareHost, checkAddress, portOf, type TargetPolicy } from "./target-guard.ts";

/** Looks a name up to all of its addresses. */
export type Resolve = (
  name: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * The way out of the house: a dispatcher that checks the address that a socket is really connected to, so that neither a literal address, nor a name
 * that changes between look-ups, nor one good address among bad ones leads inside. A name is refused when any one of its
 * addresses is. Requests fail with PipelineError webhook_address_refused or webhook_port_refused before a packet is sent.
 *
 * It knows no proxies and follows no redirects.
 */
export function createGuardedAgent(
  policy: TargetPolicy,
  options: { readonly timeoutMs: number; readonly resolve?: Resolve },
): Agent {
  const connect: buildConnector.connector = (target, callback) => {
    const host = bareHost(target.hostname);
    const port = portOf(target);
    try {
      // Sockets do not look literal addresses up, so the look-up below never sees them.
      if (isIP(host) !== 0) checkAddress(host, port, policy);
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    const lookup = guardLookup(options.resolve ?? systemLookup, port, policy);
    buildConnector({ timeout: options.timeoutMs, lookup })(target, (...[error, socket]) => {
      if (error !== null) return callback(error, null);
      try {
        checkAddress(socket.remoteAddress ?? "", port, policy);
        callback(null, socket);
      } catch (refusal) {
        socket.destroy();
        callback(refusal as Error, null);
      }
    });
  };
  return new Agent({
    connect,
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
    maxHeaderSize: 16 * 1024,
  });
}

/** A look-up for sockets that answers with an error unless every address of the name may be connected to on `port`. */
export function guardLookup(resolve: Resolve, port: number, policy: TargetPolicy): LookupFunction {
  return (name, options, callback) => {
    resolve(name, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      try {
        const [first] = addresses;
        if (first === undefined) throw Object.assign(new Error(`${name} has no address`), { code: "ENOTFOUND" });
        for (const { address } of addresses) checkAddress(address, port, policy);
        if (options.all === true) callback(null, addresses);
        else callback(null, first.address, first.family);
      } catch (refusal) {
        callback(refusal as Error, []);
      }
    });
  };
}
