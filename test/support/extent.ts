/**
 * Cases that are tried at every change, and those that `npm run test:soak` tries besides: they differ in what takes long, as a
 * second kind of server, and not in what is promised.
 */
export function extent<Case>(always: readonly Case[], besides: readonly Case[]): Case[] {
  return process.env['AESOP_TEST_EXTENT'] === 'whole' ? [...always, ...besides] : [...always]
}
