import { expect, test } from "vitest";
import { type FourWords, philox4x32 } from "./random.ts";

// The three "philox4x32 10" lines of kat_vectors in the Random123 distribution.
const KNOWN_ANSWERS: { counter: FourWords; key: [number, number]; random: FourWords }[] = [
  {
    counter: [0, 0, 0, 0],
    key: [0, 0],
    random: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    random: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    random: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

test.each(KNOWN_ANSWERS)("the Philox reference gives Random123's known answer to $counter", (known) => {
  expect(philox4x32(known.counter, known.key)).toEqual(known.random);
});
