import { TokenBucket } from "limiter";
import { LRUCache } from "lru-cache";
import type { Sender } from "../identity/sender.ts";

/** So many events a second on average, and so many at once after a pause. */
export type Rate = { readonly perSecond: number; readonly burst: number };

/** Which senders share a bucket: all that have one API key, one device with a token, one address without. */
export type RateName = "key" | "device" | "address";

/** A rate that is not named has no limit. */
export type RateRules = Partial<Readonly<Record<RateName, Rate>>>;

/** How many of a request's events may pass. The others may, one after another, once `retryAfterMs` is over. */
export type Grant = {
  readonly normal: number;
  readonly critical: number;
  readonly by: RateName;
  readonly retryAfterMs: number;
};

export type Pace = { readonly events: number; readonly waitMs: number };

/** The fields `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers. */
export type RateFields = { readonly policy: string; readonly state: string };

/**
 * Token buckets, one or two a sender; a token is an event. Critical events that find them empty draw on buckets of their own, of the same
 * size: what a device sends in vain must not keep its call for help out.
 */
export type Rates = {
  /** Whether a sender has a limit at all. */
  concerns(sender: Sender): boolean;
  /** Takes the tokens for all events of a request, whatever their class; false: there are too few, and none is taken. */
  takeAll(sender: Sender, events: number): boolean;
  /** Takes as many tokens as there are. */
  takeSome(sender: Sender, normal: number, critical: number): Grant;
  /** Milliseconds until the sender may send again anything but critical events; 0 when it may now. */
  waitOf(sender: Sender): number;
  /** For a sender that can be made to wait: how many of so many events it may send at once, and after how many milliseconds. */
  pace(sender: Sender, events: number): Pace;
  fieldsOf(sender: Sender): RateFields;
  /** Senders whose buckets are in memory. */
  readonly size: number;
};

type Buckets = {
  readonly rule: RateName;
  readonly rate: Rate;
  readonly normal: TokenBucket;
  /** Made when needed. */
  critical: TokenBucket | undefined;
};

/**
 * @param maxSenders of so many the buckets are kept, at about 0.5 kB each; the one that has not been seen for the longest begins anew with
 *   full ones.
 * @returns undefined when no rule has a limit
 */
export function createRates(rules: RateRules, maxSenders: number): Rates | undefined {
  const { key, device, address } = rules;
  if (key === undefined && device === undefined && address === undefined) return undefined;
  const known = new LRUCache<string, Buckets>({ max: maxSenders });
  const policies: Readonly<Record<RateName, string>> = {
    key: policyOf("key", key),
    device: policyOf("device", device),
    address: policyOf("address", address),
  };

  function bucketsOf(rule: RateName, name: string, rate: Rate): Buckets {
    const at = `${rule} ${name}`;
    let found = known.get(at);
    if (found === undefined) {
      found = { rule, rate, normal: fullBucket(rate), critical: undefined };
      known.set(at, found);
    }
    return found;
  }

  const ofKey = (sender: Sender) => (key === undefined ? undefined : bucketsOf("key", sender.name, key));
  function ofDevice(sender: Sender): Buckets | undefined {
    if (sender.device === undefined) return undefined;
    if (sender.subject !== undefined) return device && bucketsOf("device", sender.device, device);
    return address && bucketsOf("address", sender.device, address);
  }

  return {
    concerns: ({ device: of, subject }) =>
      key !== undefined || (of !== undefined && (subject === undefined ? address : device) !== undefined),
    takeAll(sender, events) {
      const [a, b] = [ofKey(sender)?.normal, ofDevice(sender)?.normal];
      if (Math.min(tokensIn(a), tokensIn(b)) < events) return false;
      a?.tryRemoveTokens(events);
      b?.tryRemoveTokens(events);
      return true;
    },
    takeSome(sender, normal, critical) {
      const [a, b] = [ofKey(sender), ofDevice(sender)];
      const tight = tokensIn(b?.normal) <= tokensIn(a?.normal) ? (b ?? a) : (a ?? b);
      const passing = takeFrom([a?.normal, b?.normal], normal);
      const helped = critical === 0 ? 0 : takeFrom([a && criticalOf(a), b && criticalOf(b)], critical);
      const short = passing < normal ? normal - passing : critical - helped;
      const empty = passing < normal ? tight?.normal : tight?.critical;
      return { normal: passing, critical: helped, by: tight?.rule ?? "key", retryAfterMs: waitFor(empty, short) };
    },
    waitOf(sender) {
      return Math.max(waitFor(ofKey(sender)?.normal, 1), waitFor(ofDevice(sender)?.normal, 1));
    },
    pace(sender, wanted) {
      const buckets = [ofKey(sender)?.normal, ofDevice(sender)?.normal];
      const events = Math.min(wanted, ...buckets.map((bucket) => bucket?.bucketSize ?? wanted));
      return { events, waitMs: Math.max(...buckets.map((bucket) => waitFor(bucket, events))) };
    },
    fieldsOf(sender) {
      const [a, b] = [ofKey(sender), ofDevice(sender)];
      const policy = [a, b].flatMap((buckets) => (buckets === undefined ? [] : [policies[buckets.rule]])).join(", ");
      const state = [a, b].flatMap((buckets) => (buckets === undefined ? [] : [stateOf(buckets)])).join(", ");
      return { policy, state };
    },
    get size() {
      return known.size;
    },
  };
}

function fullBucket({ perSecond, burst }: Rate): TokenBucket {
  const bucket = new TokenBucket({ bucketSize: burst, tokensPerInterval: perSecond, interval: 1_000 });
  bucket.content = burst;
  return bucket;
}

function criticalOf(buckets: Buckets): TokenBucket {
  buckets.critical ??= fullBucket(buckets.rate);
  return buckets.critical;
}

/** Whole tokens; without a bucket there is no end of them. */
function tokensIn(bucket: TokenBucket | undefined): number {
  if (bucket === undefined) return Number.POSITIVE_INFINITY;
  bucket.drip();
  return Math.floor(bucket.content);
}

function takeFrom(buckets: readonly (TokenBucket | undefined)[], wanted: number): number {
  const taken = Math.min(wanted, ...buckets.map(tokensIn));
  for (const bucket of buckets) bucket?.tryRemoveTokens(taken);
  return taken;
}

/** Milliseconds until so many tokens are there, or the bucket is full. */
function waitFor(bucket: TokenBucket | undefined, tokens: number): number {
  return bucket === undefined ? 0 : bucket.getWaitTime(Math.min(tokens, bucket.bucketSize));
}

function policyOf(name: RateName, rate: Rate | undefined): string {
  if (rate === undefined) return "";
  return `"${name}";q=${rate.burst};w=${Math.ceil(rate.burst / rate.perSecond)};qu="events"`;
}

/** What is left, and in how many seconds the bucket is full again. */
function stateOf({ rule, rate, normal }: Buckets): string {
  const left = tokensIn(normal);
  return `"${rule}";r=${left};t=${Math.ceil((rate.burst - left) / rate.perSecond)}`;
}
