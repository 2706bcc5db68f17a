import { useLayoutEffect, useState } from "preact/hooks";
import { addressWith, type Choices, choicesOf, ownSearch } from "./choices.ts";

/** Where the page is: every view is an address that can be shared. */
export type Place = { readonly path: string; readonly search: string };

const placeNow = (): Place => ({ path: location.pathname, search: ownSearch(location.search) });
const listeners = new Set<() => void>();
let choices: Choices = {};

const keptName = (name: string) => `hailstream.${name}`;

/** Shows the view of the address as the address says, or else as it was chosen last in this browser. To be called before anything is shown. */
export function start(): void {
  choices = choicesOf(location.search, (name) => localStorage.getItem(keptName(name)));
  arrive();
  addEventListener("popstate", arrive);
}

/** Chooses for all views, and for the next visit. */
export function choose(change: { readonly [Name in keyof Choices]: Choices[Name] | undefined }): void {
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) localStorage.removeItem(keptName(name));
    else localStorage.setItem(keptName(name), value);
  }
  const all = Object.entries({ ...choices, ...change }).filter(([, value]) => value !== undefined);
  choices = Object.fromEntries(all) as Choices;
  arrive();
}

/** Goes to an address of this page without loading it again; `replace` leaves no step to go back to. */
export function goTo(address: string, { replace = false } = {}): void {
  const whole = addressWith(address, choices);
  if (replace) history.replaceState(null, "", whole);
  else history.pushState(null, "", whole);
  arrive();
}

/** A step back leads to a view, not to another theme: what is chosen now is written into each address that is come to. */
function arrive(): void {
  const { path, search } = placeNow();
  const address = addressWith(path + search, choices);
  if (address !== location.pathname + location.search) history.replaceState(null, "", address + location.hash);
  if (choices.theme === undefined) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choices.theme;
  for (const listener of listeners) listener();
}

export const usePlace = (): Place => useTold(placeNow);

export const useChoices = (): Choices => useTold(() => choices);

function useTold<T>(now: () => T): T {
  const [value, setValue] = useState(now);
  // Before anybody can type or click: what is told between the first picture and an effect would not be heard.
  useLayoutEffect(() => {
    const update = () => setValue(now);
    listeners.add(update);
    return () => void listeners.delete(update);
  }, []);
  return value;
}

/** Whether a click on a link is for the page: a plain one is, what opens a new tab is the browser's. */
export function isTaken({ button, metaKey, ctrlKey, shiftKey, altKey }: MouseEvent): boolean {
  return button === 0 && !(metaKey || ctrlKey || shiftKey || altKey);
}
