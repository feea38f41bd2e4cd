/**
 * `Mobile_validated`: that a number was validated on this device, and when. It is kept on the device and asked before
 * anything is sent. It proves nothing to a server: that asks the bridge.
 */

import type { OnboardingStatus } from "./types.js";

/** Where it is kept: `localStorage`, AsyncStorage and others are such a thing as they are. */
export interface Store {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

const KEY = "Mobile_validated";

export class MobileValidated {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** When the number was validated on this device; null: it was not, as far as the device knows. */
  async when(mobile: string): Promise<Date | null> {
    const at = (await this.#all())[plain(mobile)];
    const date = new Date(at ?? "");
    return Number.isNaN(date.getTime()) ? null : date;
  }

  /** Keeps it, if that is how it stands. */
  async keep(status: OnboardingStatus): Promise<void> {
    if (status.status !== "validated") {
      return;
    }
    const all = await this.#all();
    const number = plain(status.mobile_number);
    // The first time stays.
    all[number] ??= status.validated_at ?? new Date().toISOString();
    try {
      await this.#store.setItem(KEY, JSON.stringify(all));
    } catch {
      // A full or closed store: the device will ask the bridge again, which knows.
    }
  }

  /** Forgets all numbers, as when somebody signs out. */
  async forget(): Promise<void> {
    await this.#store.removeItem(KEY);
  }

  async #all(): Promise<Record<string, string>> {
    try {
      const kept: unknown = JSON.parse((await this.#store.getItem(KEY)) ?? "{}");
      const entries = typeof kept === "object" && kept !== null ? Object.entries(kept) : [];
      return Object.fromEntries(
        entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
      );
    } catch {
      // Somebody else's, or half written: nothing is known.
      return {};
    }
  }
}

/** As people write numbers: spaces and dashes do not count. */
function plain(mobile: string): string {
  return mobile.replace(/[^+\d]/g, "");
}
