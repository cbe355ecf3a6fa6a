/** Where Keras publishes its data sets. */
export const KERAS_DATASETS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/";

/** Keras's files of the IMDB reviews, under {@link KERAS_DATASETS}; sizes in bytes, digests in hexadecimal. */
export const IMDB_FILES = {
  /** The reviews, as ranks of words. */
  npz: {
    name: "imdb.npz",
    size: 17_464_789,
    checksum: {
      algorithm: "sha256",
      hex: "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    },
  },
  /** The words of the ranks. */
  wordIndex: {
    name: "imdb_word_index.json",
    size: 1_641_221,
    checksum: {
      algorithm: "sha256",
      hex: "027313fe9a320280f3bf0fac5baf58c4a683cf39a7ed9c3d3d3912bde4284cf6",
    },
  },
} as const;
