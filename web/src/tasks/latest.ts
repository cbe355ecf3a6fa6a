/**
 * Work that goes on once at a time: asked for while it goes on, it is done once more, by what is set then. Each promise
 * resolves when all of that is done; what a round throws counts only where it was the last.
 */
export function latest(work: () => Promise<void>): () => Promise<void> {
  let isAsked = false;
  let under: Promise<void> | null = null;
  const rounds = async (): Promise<void> => {
    while (isAsked) {
      isAsked = false;
      try {
        await work();
      } catch (error) {
        if (!isAsked) throw error;
      }
    }
  };
  return () => {
    isAsked = true;
    under ??= rounds().finally(() => {
      under = null;
    });
    return under;
  };
}
