/** What a place does for the page once it is open. */
export interface OpenPlace {
  /** Take the settings of a link; what it does not say is the default. */
  settings(params: URLSearchParams): void;
  /** Files that were dropped while the place is seen. */
  take(files: readonly File[]): Promise<void>;
}
