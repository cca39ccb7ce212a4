import { registerCheck } from '../check.ts';

const WHY = {
  absent: 'nothing listens there: it was stopped, has crashed, or DOCKER_HOST names another place',
  silent: 'it takes connections and does not answer: it hangs, or its machine is overloaded',
  forbidden: 'your user may not use it',
  other: 'it is no Docker engine for Linux containers',
} as const;

const MEND = {
  absent: [
    '`systemctl start docker` on its machine, or `twemstack up`, which starts one here where it can; members come back by themselves',
  ],
  silent: [
    'see its log (`journalctl -u docker`) before you restart it: all members of this engine restart with it',
  ],
  forbidden: ['run this with sudo, or join the group: `sudo usermod -aG docker $USER`, then log in again'],
  other: ['point DOCKER_HOST at a Docker engine'],
} as const;

export const engine = registerCheck({
  name: 'engine',
  well: 'the engine answers',
  examine: ({ engine: found, plan }) =>
    found.kind === 'answers'
      ? []
      : [
          {
            severity: 'wrong',
            subjects: [plan.name],
            what: `no Docker engine answers at ${found.address}: ${found.detail}`,
            why: WHY[found.kind],
            mend: MEND[found.kind],
          },
        ],
});
