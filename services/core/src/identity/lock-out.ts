/** Failures in a row that are free of delay: typing errors, and a few sign-ins of one person at the same time. */
export const freeFailures = 9;

/** Longest delay in seconds; bounds guessing to about 300 a day and a malicious lock to five minutes. */
export const maxLockSeconds = 300;

/**
 * Seconds an account takes no password after this many failures in a row: 1, 2, 4 and so on from the tenth.
 *
 * The count belongs to the account, because addresses are cheap. So that it cannot be used to shut somebody out, the
 * delay is short, attempts during it neither count nor prolong it, and sessions and API keys go on working.
 */
export function lockSecondsAfter(failures: number): number {
  return failures <= freeFailures ? 0 : Math.min(maxLockSeconds, 2 ** (failures - freeFailures - 1));
}

/** The same as a table for the database, from the first failure up to where the delay no longer grows. */
export const lockTable: readonly number[] = Array.from({ length: freeFailures + 10 }, (_, index) =>
  lockSecondsAfter(index + 1),
);
