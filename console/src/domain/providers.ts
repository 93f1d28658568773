/** What IAM takes of a provider of identity tokens, told before it is asked. */

export const MOST_CLIENTS = 100;
export const MOST_THUMBPRINTS = 5;
const LONGEST = 255;

export function isIssuerUrl(url: string): boolean {
  return /^https:\/\/[A-Za-z0-9.-]+(:\d{1,5})?(\/[\w.:/-]*)?$/.test(url) && url.length <= LONGEST;
}

export function isClientId(id: string): boolean {
  return id.length > 0 && id.length <= LONGEST;
}

/** SHA-1 of a certificate, in hexadecimal. */
export function isThumbprint(thumbprint: string): boolean {
  return /^[0-9a-f]{40}$/i.test(thumbprint);
}

/** A thumbprint as openssl tells it, with colons, as IAM takes it. */
export function thumbprintOf(entered: string): string {
  return entered.trim().replaceAll(":", "");
}
