/** `auto` is what the system wants. */
export type Theme = "auto" | "light" | "dark";

const name = "hailstream.theme";
const themes: readonly Theme[] = ["auto", "light", "dark"];

export function themeNow(): Theme {
  const kept = localStorage.getItem(name);
  return themes.find((theme) => theme === kept) ?? "auto";
}

/** Shows the theme that was chosen last in this browser. */
export function applyTheme(): void {
  const theme = themeNow();
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(name, theme);
  applyTheme();
}
