import type { ComponentChildren } from "preact";

type SignProps = { readonly look: string; readonly sign: string; readonly children: ComponentChildren };

/** A sign beside words: nothing is said by colour alone. */
export function Signed({ look, sign, children }: SignProps) {
  return (
    <span class="signed">
      <span class={`sign ${look}`} aria-hidden="true">
        {sign}
      </span>
      <span>{children}</span>
    </span>
  );
}
