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
  'upload-into-volume': {
    bundled: 'a file for a path inside a volume is uploaded into it, also when the root is read-only',
    real: 'every upload goes through the root, so a read-only root refuses it',
    why: 'a read-only root is worth having; containers for both providers are seeded by a second one that is not read-only',
  },
  'capability-prefix': {
    bundled: 'NET_ADMIN and CAP_NET_ADMIN are the same',
    real: 'NET_ADMIN is stored as CAP_NET_ADMIN and replaced at every apply',
    why: 'a plan that never settles hides real drift',
  },
  'strangers-volume': {
    bundled: 'a volume of the same name with other labels, driver or options is an error',
    real: 'it is taken, and the next plan replaces it, that is empties it',
    why: 'what is not ours is not touched',
  },
  'stopped-with-ports': {
    bundled: 'a stopped container with published ports is started in place, like any other',
    real: 'it is replaced, because a stopped container shows no ports',
    why: 'what is on its writable layer survives',
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
