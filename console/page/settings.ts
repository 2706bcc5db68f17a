import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Role } from "./api.ts";
import type { Zone } from "./parts/words.ts";

/** What holds for the whole page. */
export type Settings = {
  readonly zone: Zone;
  readonly role: Role;
  /** The session is over: sign in again. */
  signedOut(): void;
};

export const SettingsContext = createContext<Settings>({ zone: "utc", role: "view", signedOut: () => undefined });

export const useSettings = () => useContext(SettingsContext);
