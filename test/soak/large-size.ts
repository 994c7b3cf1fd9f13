/** What one row of a large transaction holds. */
export const ROW_BYTES = 20_000

/** How large the transactions are, in GB: `AESOP_SOAK_GB`. Each needs three times that of disk. */
export const gigabytes = sizeOf(process.env['AESOP_SOAK_GB'] ?? '2')

export const rows = (gigabytes * 1e9) / ROW_BYTES

/** Far above what a slow disk takes for each wait. */
export const deadlineMs = gigabytes * 900_000

/** Of a whole test. */
export const timeoutMs = 4 * deadlineMs

function sizeOf(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text)
  throw new Error(`AESOP_SOAK_GB is '${text}': a whole number of gigabytes is expected, from 1 to 999`)
}
