import type { Delivery, DeliveryWhole, EndpointLine, Labels, Silence, Transition, Watched } from "./shapes.ts";

/** What stands in the place of what only the role operate may see. The schema of alerts says what is personal: summary and labels. */
export const hidden = "(hidden)";

export function maskWatched(watched: Watched): Watched {
  const { summary: _, ...rest } = watched;
  return { ...rest, labels: maskLabels(watched.labels) };
}

export function maskTransition(transition: Transition): Transition {
  return { ...transition, summary: hidden, labels: maskLabels(transition.labels) };
}

/** Of what a silence goes by, rule and severity are of the rule and not of a person. */
export function maskSilence(silence: Silence): Silence {
  const { rule, severity, ...labels } = silence.matches;
  return {
    ...silence,
    matches: {
      ...(rule === undefined ? {} : { rule }),
      ...(severity === undefined ? {} : { severity }),
      ...maskLabels(labels),
    },
  };
}

/** A receiver's answer may repeat what it was sent, and its address may hold a key. */
export function maskDelivery<D extends Delivery | DeliveryWhole>(delivery: D): D {
  if (!("tries" in delivery)) return delivery;
  const tries = delivery.tries.map((each) => ({ ...each, detail: each.detail === null ? null : hidden }));
  return { ...delivery, tries, url: originOf(delivery.url), summary: delivery.summary === null ? null : hidden };
}

export function maskEndpoint(endpoint: EndpointLine): EndpointLine {
  return { ...endpoint, url: originOf(endpoint.url) };
}

const maskLabels = (labels: Labels): Labels =>
  Object.fromEntries(Object.keys(labels).map((name) => [name, hidden] as const));

const originOf = (url: string) => (URL.canParse(url) ? `${new URL(url).origin}/…` : hidden);
