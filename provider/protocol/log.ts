/** Log lines in the form terraform's plugin host understands (hclog JSON on stderr); shown with TF_LOG. */

type Level = 'debug' | 'info' | 'warn' | 'error';

/** Writes one line. `fields` must not hold secrets. */
export function log(
  level: Level,
  message: string,
  fields: Record<string, string | number | boolean> = {},
): void {
  const line = {
    '@level': level,
    '@message': message,
    '@module': 'offline-docker',
    '@timestamp': new Date().toISOString(),
    ...fields,
  };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}
