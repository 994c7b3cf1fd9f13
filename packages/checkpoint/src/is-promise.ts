/** Whether an answer comes later. What a user wrote may come from anywhere: a promise is what has `then`. */
export function isPromise<Value>(answer: Value | Promise<Value>): answer is Promise<Value> {
  return typeof answer === 'object' && typeof (answer as { then?: unknown } | null)?.then === 'function'
}
