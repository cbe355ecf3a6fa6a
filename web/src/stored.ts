/** What the visitor chose, kept for the next visit where the browser allows it. */
const PREFIX = "lstmkit.";

export function stored<T extends string>(key: string, choices: readonly T[]): T | undefined {
  try {
    const value = localStorage.getItem(PREFIX + key);
    return choices.find((choice) => choice === value);
  } catch {
    return undefined; // storage is blocked
  }
}

export function store(key: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + key, value);
  } catch {
    // Then it lasts for this visit.
  }
}
