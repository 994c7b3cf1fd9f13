/** The URI of a source as anybody may see it: without user, password and parameters. */
export function uriForAll(uri: string): string {
  return uri.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1').replace(/^([^?]*)\?.*$/s, '$1')
}
