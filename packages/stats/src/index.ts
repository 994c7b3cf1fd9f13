export { CallbackTotals } from './callback-totals.ts'
export { EventTotals } from './event-totals.ts'
export { type RequestName, RequestTotals } from './request-totals.ts'
