/**
 * Decimal digits only. Accumulates in 32 bits without an overflow check, like the original's `nc_atoi`:
 * 4294967296 is 0, 2147483648 is refused as negative.
 * @returns null when it is not such a number
 */
export function parseNumber(text: string): number | null {
  if (!/^[0-9]+$/.test(text)) return null;
  let value = 0;
  for (let i = 0; i < text.length; i++) value = (Math.imul(value, 10) + (text.charCodeAt(i) - 48)) | 0;
  return value < 0 ? null : value;
}

/** Exactly `true` or `false`; null otherwise. */
export function parseBoolean(text: string): boolean | null {
  if (text === 'true') return true;
  if (text === 'false') return false;
  return null;
}

/** 1..65535, or null. */
export function parsePort(text: string): number | null {
  const port = parseNumber(text);
  return port === null || port < 1 || port > 65535 ? null : port;
}
