import { useState } from "preact/hooks";
import { type Role, signInWith } from "./api.ts";

type Props = { readonly problem: string | undefined; onSignedIn(role: Role): void };

/** Shown to everybody who is not signed in, whatever the address; that one is where they are afterwards. */
export function SignInPage({ problem, onSignedIn }: Props) {
  const [key, setKey] = useState("");
  const [refusal, setRefusal] = useState(problem);
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      onSignedIn(await signInWith(key.trim()));
    } catch (error) {
      setRefusal((error as Error).message);
      setBusy(false);
    }
  };
  return (
    <main class="alone">
      <form class="sign-in" onSubmit={(event) => void submit(event)}>
        <h1>
          <span class="mark">hailstream</span>
        </h1>
        <label for="key">Console key</label>
        <input
          id="key"
          type="password"
          autocomplete="current-password"
          required
          value={key}
          aria-describedby={refusal === undefined ? "hint" : "refusal hint"}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
        {refusal === undefined ? null : (
          <p id="refusal" class="refusal" role="alert">
            <span aria-hidden="true">✕ </span>
            {refusal}
          </p>
        )}
        <button type="submit" class="primary" disabled={busy}>
          Sign in
        </button>
        <p id="hint" class="hint">
          <code>hailstream up</code> shows the address with the key when it is ready; elsewhere it is{" "}
          <code>HAILSTREAM_CONSOLE_KEY</code>.
        </p>
      </form>
    </main>
  );
}
