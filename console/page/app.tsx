import { useEffect, useRef, useState } from "preact/hooks";
import { ask, type Role, roleNow, signInWith } from "./api.ts";
import type { Theme } from "./choices.ts";
import { pageAt, pages } from "./pages.ts";
import { Link } from "./parts/link.tsx";
import { choose, useChoices, usePlace } from "./router.ts";
import { SettingsContext } from "./settings.ts";
import { SignInPage } from "./sign-in.tsx";

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
  const { zone = "utc" } = useChoices();
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
      <Head role={role} onSignedOut={() => setRole(undefined)} />
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
        <Link to="/">Back to the pipeline</Link>
      </p>
    </main>
  );
}

type HeadProps = { readonly role: Role; onSignedOut(): void };

function Head({ role, onSignedOut }: HeadProps) {
  const here = pageAt(usePlace().path);
  const { zone = "utc", theme = "auto" } = useChoices();
  const nav = useRef<HTMLElement>(null);
  // On a narrow screen the names of the pages stand in one line that scrolls.
  useEffect(() => {
    const current = nav.current?.querySelector<HTMLElement>("[aria-current]");
    if (nav.current !== null && current) nav.current.scrollLeft = current.offsetLeft - nav.current.offsetLeft - 40;
  }, [here]);
  return (
    <header class="head">
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <span class="mark">hailstream</span>
      <nav aria-label="Pages" ref={nav}>
        {pages.map((page) => (
          <Link key={page.path} to={page.path} current={page === here}>
            {page.name}
          </Link>
        ))}
      </nav>
      <div class="choices">
        <fieldset class="switch">
          <legend class="unseen">Times in</legend>
          {(["utc", "local"] as const).map((each) => (
            <button type="button" key={each} aria-pressed={zone === each} onClick={() => choose({ zone: each })}>
              {each === "utc" ? "UTC" : "Local"}
            </button>
          ))}
        </fieldset>
        <label class="choice">
          <span class="unseen">Theme</span>
          <select
            value={theme}
            onChange={(event) => {
              const next = event.currentTarget.value as Theme | "auto";
              choose({ theme: next === "auto" ? undefined : next });
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
