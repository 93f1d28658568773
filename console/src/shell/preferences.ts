/** How a table was last looked at: page size and columns, kept by the browser for each table. */

import type { CollectionPreferencesProps } from "@cloudscape-design/components/collection-preferences";
import { useCallback, useState } from "react";

export type Preferences = CollectionPreferencesProps.Preferences;

export function usePreferences(
  table: string,
  standard: Preferences,
): [Preferences, (preferences: Preferences) => void] {
  const key = `entrepot.table.${table}`;
  const [preferences, setPreferences] = useState(() => load(key, standard));
  const change = useCallback(
    (next: Preferences) => {
      window.localStorage.setItem(key, JSON.stringify(next));
      setPreferences(next);
    },
    [key],
  );
  return [preferences, change];
}

function load(key: string, standard: Preferences): Preferences {
  try {
    const kept: unknown = JSON.parse(window.localStorage.getItem(key) ?? "{}");
    return typeof kept === "object" && kept !== null ? { ...standard, ...kept } : standard;
  } catch {
    return standard;
  }
}
