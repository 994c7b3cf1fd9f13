import { type ErrorRequestHandler, type Response } from 'express'
import { AesopError, cutText, formatJson, type Logger, messageOf, SHOWN_BYTES_MAX } from '@aesop/kernel'
import { LaunchStoppedError } from '../errors.ts'
import {
  ReloadIncompleteError,
  ReloadRefusedError,
  ReloadWholeError,
  TargetUnknownError,
} from '../lifecycle/operation-errors.ts'
import { type SecretMask } from '../log/secret-mask.ts'
import { redacted } from '../log/redacted.ts'
import { AdminRequestInvalidError, AdminRequestRefusedError } from './admin-errors.ts'

/** Sends data as JSON, without secrets; integers of 64 bits keep their digits. */
export function sendJson(response: Response, mask: SecretMask, data: unknown): void {
  response.type('application/json').send(`${formatJson(redacted(data ?? null, mask))}\n`)
}

/** Sends what was thrown: `{code, message, remedy}` with the status that fits. */
export function sendError(mask: SecretMask, log: Logger): ErrorRequestHandler {
  return (thrown: unknown, request, response, next) => {
    const error = isUnreadable(thrown)
      ? new AdminRequestInvalidError(`the body is unreadable: ${messageOf(thrown)}`, thrown)
      : thrown
    const status = statusOf(error)
    if (status >= 500) log.error(`${request.method} ${request.path} failed: ${messageOf(error)}`, { error })
    if (response.headersSent) {
      next(error)
      return
    }
    const { code, remedy } = error instanceof AesopError ? error : { code: undefined, remedy: undefined }
    const message = cutText(messageOf(error), SHOWN_BYTES_MAX)
    const report = error instanceof ReloadIncompleteError ? { report: error.report } : {}
    sendJson(response.status(status), mask, { code, message, remedy, ...report })
  }
}

function statusOf(error: unknown): number {
  if (error instanceof AdminRequestRefusedError) return error.status
  if (error instanceof AdminRequestInvalidError) return 400
  if (error instanceof TargetUnknownError) return 404
  const conflicts = [ReloadRefusedError, ReloadWholeError, LaunchStoppedError]
  return conflicts.some((kind) => error instanceof kind) ? 409 : 500
}

/** What express says of a body or of a path that it could not decode. */
function isUnreadable(thrown: unknown): boolean {
  const status = typeof thrown === 'object' && thrown !== null && 'status' in thrown ? thrown.status : undefined
  return typeof status === 'number' && status >= 400 && status < 500 && !(thrown instanceof AesopError)
}
