import { useEffect, useState } from "preact/hooks";

/** Where the page is: every view is an address that can be shared. */
export type Place = { readonly path: string; readonly search: string };

const placeNow = (): Place => ({ path: location.pathname, search: location.search });
const listeners = new Set<() => void>();

/** Goes to an address of this page without loading it again; `replace` leaves no step to go back to. */
export function goTo(address: string, { replace = false } = {}): void {
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  for (const listener of listeners) listener();
}

export function usePlace(): Place {
  const [place, setPlace] = useState(placeNow);
  useEffect(() => {
    const update = () => setPlace(placeNow());
    listeners.add(update);
    addEventListener("popstate", update);
    return () => {
      listeners.delete(update);
      removeEventListener("popstate", update);
    };
  }, []);
  return place;
}

/** For links within the page: a plain click is taken, what opens a new tab is the browser's. */
export function onLink(event: MouseEvent): void {
  const link = event.currentTarget;
  if (!(link instanceof HTMLAnchorElement) || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  goTo(link.getAttribute("href") ?? "/");
}
