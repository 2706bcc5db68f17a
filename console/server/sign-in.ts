import { createHash, timingSafeEqual } from "node:crypto";
import type { Request, RequestHandler, Response } from "express";
import { jwtVerify, SignJWT } from "jose";
import { PipelineError } from "../../runtime/index.ts";
import { isLocalHost } from "./hosts.ts";

/** `view` may look, `operate` may also act. Personal fields are masked for `view`. */
export type Role = "view" | "operate";

export type SignIn = {
  /** Gives the role that this key has and leaves its cookie. @throws PipelineError console_key_wrong */
  signIn(request: Request, response: Response, key: string): Promise<Role>;
  signOut(request: Request, response: Response): void;
  /** Lets those pass who are signed in; {@link roleOf} says as whom. Others get console_sign_in_needed. */
  readonly require: RequestHandler;
};

const hours = 12;
const audience = "hailstream console";

/**
 * Sessions without a memory: the cookie says role and end, signed with the keys, so it outlives a restart, and another key ends all sessions. Pages cannot
 * read it, and a browser sends it from our own page only.
 * @param port part of the cookie's name, as browsers do not tell the ports of a host apart
 */
export function createSignIn(
  keys: { readonly key: string; readonly viewKey?: string | undefined },
  port: () => number,
): SignIn {
  const secret = createHash("sha256")
    .update(JSON.stringify([audience, keys.key, keys.viewKey ?? null]))
    .digest();
  const cookieName = () => `hailstream_console_${port()}`;
  const attributes = (request: Request) =>
    ({ httpOnly: true, sameSite: "strict", path: "/", secure: !isLocalHost(request) }) as const;

  return {
    async signIn(request, response, key) {
      // Both are compared, so that the time says nothing.
      const [operates, views] = [isSame(key, keys.key), keys.viewKey !== undefined && isSame(key, keys.viewKey)];
      if (!operates && !views) throw new PipelineError("console_key_wrong");
      const role: Role = operates ? "operate" : "view";
      const token = await new SignJWT({ role })
        .setProtectedHeader({ alg: "HS256" })
        .setAudience(audience)
        .setExpirationTime(`${hours}h`)
        .sign(secret);
      response.cookie(cookieName(), token, { ...attributes(request), maxAge: hours * 3_600_000 });
      return role;
    },
    signOut(request, response) {
      response.clearCookie(cookieName(), attributes(request));
    },
    async require(request, response, next) {
      const token = cookieOf(request, cookieName());
      if (token === undefined) return next(new PipelineError("console_sign_in_needed"));
      try {
        const { payload } = await jwtVerify(token, secret, { audience, algorithms: ["HS256"] });
        response.locals.role = payload.role === "operate" ? "operate" : "view";
        next();
      } catch (cause) {
        next(new PipelineError("console_sign_in_needed", { cause }));
      }
    },
  };
}

/** As whom a request that {@link SignIn.require} let pass was made. */
export function roleOf(response: Response): Role {
  return response.locals.role === "operate" ? "operate" : "view";
}

/** Who acts, for the line that is written about it: a key names nobody, so it is the role and the address that it was used from. */
export function whoActs(request: Request, response: Response): string {
  return `console ${roleOf(response)}@${request.socket.remoteAddress ?? ""}`.slice(0, 200);
}

/** Before whatever changes something. Others than `operate` get console_role_needed. */
export const needsOperate: RequestHandler = (_request, response, next) => {
  next(roleOf(response) === "operate" ? undefined : new PipelineError("console_role_needed"));
};

/** Hashes are equally long, whatever was given. */
function isSame(a: string, b: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}

function cookieOf(request: Request, name: string): string | undefined {
  const pairs = (request.headers.cookie ?? "").split(";").map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}
