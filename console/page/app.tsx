import { useEffect, useState } from "preact/hooks";
import { ask, type Role, roleNow, signInWith } from "./api.ts";
import { pageAt, pages } from "./pages.ts";
import type { Zone } from "./parts/words.ts";
import { onLink, usePlace } from "./router.ts";
import { keepZone, SettingsContext, zoneNow } from "./settings.ts";
import { SignInPage } from "./sign-in.tsx";
import { chooseTheme, type Theme, themeNow } from "./theme.ts";

/** The key behind # of the address that `hailstream up` shows; it is taken out of the address at once. */
function keyOfAddress(): string | undefined {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (key === null) return undefined;
  history.replaceState(null, "", location.pathname + location.search);
  return key;
}

const givenKey = keyOfAddress();

export function App() {
  const [role, setRole] = useState<Role | "unknown" | undefined>("unknown");
  const [problem, setProblem] = useState<string>();
  const [zone, setZone] = useState<Zone>(zoneNow);
  useEffect(() => {
    const signIn = givenKey === undefined ? roleNow() : signInWith(givenKey);
    signIn.then(setRole).catch((error: Error) => {
      setProblem(error.message);
      setRole(undefined);
    });
  }, []);
  if (role === "unknown") return <main class="alone" aria-busy="true" />;
  if (role === undefined) return <SignInPage problem={problem} onSignedIn={setRole} />;
  const settings = { zone, role, signedOut: () => setRole(undefined) };
  return (
    <SettingsContext.Provider value={settings}>
      <Head
        zone={zone}
        role={role}
        onZone={(next) => {
          keepZone(next);
          setZone(next);
        }}
        onSignedOut={() => setRole(undefined)}
      />
      <View />
    </SettingsContext.Provider>
  );
}

function View() {
  const { path } = usePlace();
  const page = pageAt(path);
  useEffect(() => {
    document.title = page === undefined || page.path === "/" ? "hailstream" : `${page.name} · hailstream`;
  }, [page]);
  if (page !== undefined) return <page.View />;
  return (
    <main id="main">
      <h1>There is nothing here</h1>
      <p>
        <a href="/" onClick={onLink}>
          Back to the pipeline
        </a>
      </p>
    </main>
  );
}

type HeadProps = {
  readonly zone: Zone;
  readonly role: Role;
  onZone(zone: Zone): void;
  onSignedOut(): void;
};

function Head({ zone, role, onZone, onSignedOut }: HeadProps) {
  const here = pageAt(usePlace().path);
  const [theme, setTheme] = useState<Theme>(themeNow);
  return (
    <header class="head">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <span class="mark">hailstream</span>
      <nav aria-label="Pages">
        {pages.map((page) => (
          <a key={page.path} href={page.path} onClick={onLink} aria-current={page === here ? "page" : undefined}>
            {page.name}
          </a>
        ))}
      </nav>
      <div class="choices">
        <fieldset class="switch">
          <legend class="unseen">Times in</legend>
          {(["utc", "local"] as const).map((each) => (
            <button type="button" key={each} aria-pressed={zone === each} onClick={() => onZone(each)}>
              {each === "utc" ? "UTC" : "Local"}
            </button>
          ))}
        </fieldset>
        <label class="choice">
          <span class="unseen">Theme</span>
          <select
            value={theme}
            onChange={(event) => {
              const next = event.currentTarget.value as Theme;
              chooseTheme(next);
              setTheme(next);
            }}
          >
            <option value="auto">System theme</option>
            <option value="light">Light</option>
            <option value="dark">Dark</option>
          </select>
        </label>
        <button
          type="button"
          class="quiet"
          title={`Signed in with the role ${role}`}
          onClick={() => void ask("/api/session", { method: "DELETE" }).then(onSignedOut, onSignedOut)}
        >
          Sign out <span class="role">{role}</span>
        </button>
      </div>
    </header>
  );
}
