const HINT = ' (no TLS at the other end?)';

/**
 * Why a handshake failed, in words: OpenSSL and BoringSSL put them at the end of `error:CODE:library:function:REASON`.
 */
export function tlsReason(error: Error | null): string {
  if (error === null) return 'closed during the handshake';
  const { reason } = error as Error & { reason?: string };
  const words = reason ?? (/error:[0-9a-f]+:[^:]*:[^:]*:([^:]+)/i.exec(error.message)?.[1] || error.message);
  const plain = /^[A-Z0-9_]+$/.test(words) ? words.toLowerCase().replaceAll('_', ' ') : words;
  return /wrong version number|http request/.test(plain) ? `${plain}${HINT}` : plain;
}

/** The text for a handshake that took too long. */
export function handshakeTooLong(milliseconds: number): string {
  return `the handshake was not done within ${milliseconds} ms${HINT}`;
}
