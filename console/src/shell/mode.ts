/** Light or dark: what the reader chose, else what their system prefers. */

import { applyMode, Mode } from "@cloudscape-design/global-styles";

const KEY = "entrepot.mode";
const prefersDark = () => window.matchMedia("(prefers-color-scheme: dark)");

export function isDark(): boolean {
  const chosen = window.localStorage.getItem(KEY);
  return chosen === null ? prefersDark().matches : chosen === "dark";
}

/** Show the mode of now, and follow the system while nothing was chosen. */
export function followMode(): void {
  show();
  prefersDark().addEventListener("change", show);
}

export function toggleMode(): void {
  window.localStorage.setItem(KEY, isDark() ? "light" : "dark");
  show();
}

function show(): void {
  applyMode(isDark() ? Mode.Dark : Mode.Light);
}
