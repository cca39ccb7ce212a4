/**
 * Where the bundled provider and kreuzwerker/docker 4.5.0 do not give the same result, and why. Everything else the suite
 * asserts holds for both. provider/README.md shows this table to operators.
 */
export const DIFFERENCES = {
  'recorded-only': {
    bundled: 'a changed healthcheck, tmpfs or init replaces the container',
    real: 'is written to the state, the container stays as it is, and every later plan shows it again',
    why: 'a plan that never settles hides real drift',
  },
  'ends-at-once': {
    bundled: 'an error with exit code and last log lines; the container is tainted',
    real: 'success; the next plan starts the container again',
    why: 'a service that is down right after deploy is a failed deploy',
  },
  'ends-while-waiting': {
    bundled: 'an error at once',
    real: 'an error when wait_timeout is over',
    why: 'a container that ended does not become healthy',
  },
  'health-words': {
    bundled: 'the time-out names the container and the last check’s output',
    real: 'the time-out says only that it is one',
    why: 'more to act on',
  },
  'interrupt-words': {
    bundled: 'an interrupted wait says what was waited for',
    real: 'it says that the container is not healthy',
    why: 'more to act on',
  },
  'kill-9': {
    bundled:
      'a killed terraform’s plugin ends; a container it left is replaced when it is of the same twemstack.stack',
    real: 'the plugin stays; the container’s name is reported as taken until somebody removes it',
    why: 'running it again must complete it',
  },
  'random-port': {
    bundled: 'after a start in place the state has the new host port',
    real: 'the state has the old host port until the next refresh',
    why: 'outputs would be wrong',
  },
  advice: {
    bundled: 'errors add who holds the address, port or subnet, and what to do',
    real: 'errors are the engine’s words',
    why: 'more to act on',
  },
  subset: {
    bundled: 'options outside the subset are refused by name',
    real: 'they work',
    why: 'it is a fallback',
  },
} as const satisfies Record<string, { bundled: string; real: string; why: string }>;

export type Difference = keyof typeof DIFFERENCES;
