/** The rows of a table that are shown: told to whoever asks about them, without drawing the table again. */

import { useState, useSyncExternalStore } from "react";

export class ShownRows<T> {
  #rows: readonly T[] = [];
  readonly #listeners = new Set<() => void>();

  /** For the `onShow` of a table. */
  readonly set = (rows: readonly T[]): void => {
    this.#rows = rows;
    for (const listener of [...this.#listeners]) {
      listener();
    }
  };

  readonly get = (): readonly T[] => this.#rows;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };
}

/** To be made by the page, which is not drawn again when other rows are shown. */
export function useShownRows<T>(): ShownRows<T> {
  return useState(() => new ShownRows<T>())[0];
}

/** The rows themselves, for a component that is. */
export function useRowsOf<T>(shown: ShownRows<T>): readonly T[] {
  return useSyncExternalStore(shown.subscribe, shown.get);
}
