import { type SecretText } from '@aesop/kernel'
import { isTokenText, TOKEN_FORM } from '@aesop/wire'
import { ClientPropertyInvalidError } from './errors.ts'

/** @throws ClientPropertyInvalidError when no header can hold the token; and what reading it throws */
export function checkToken(token: SecretText | undefined): void {
  if (token === undefined || isTokenText(token)) return
  throw new ClientPropertyInvalidError('relayToken', '***', TOKEN_FORM)
}
