import { expect } from "vitest";
import type { ErrorCode } from "../../src/errors.ts";

/** Matches an LstmkitError by its code and, where given, by its message. */
export function codedError(code: ErrorCode, message: RegExp = /./): Error {
  return expect.objectContaining({
    name: "LstmkitError",
    code,
    message: expect.stringMatching(message),
  }) as unknown as Error;
}
