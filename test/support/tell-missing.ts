/**
 * Says what a test lacks here. In CI, where all of it has to be there, that is no reason to skip the test but a failure.
 *
 * @returns the reason, to be shown where the test is skipped.
 */
export function tellMissing(reason: string): string {
  const { CI: ci = '' } = process.env
  if (ci !== '' && ci !== 'false') throw new Error(`This may not be missing in CI: ${reason}`)
  return reason
}
