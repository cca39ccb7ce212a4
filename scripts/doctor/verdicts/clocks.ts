import { type Finding, registerCheck } from '../check.ts';

/** A clock that differs by more is told of. Sentinels in TILT after a jump of 1.5 s; certificates and logs mind less. */
const APART_MS = 500;

export const clocks = registerCheck({
  name: 'clocks',
  well: 'the clocks of members, engine and this machine agree',
  examine: ({ engine, vitals }) => {
    const found = (subjects: string[], what: string): Finding => ({
      severity: 'wrong',
      subjects,
      what,
      why: 'one of the machines keeps no time (chrony or systemd-timesyncd does not run, or cannot reach a server)',
      mend: [
        '`timedatectl` on both machines; let a time service slew the clock: a step sends sentinels into TILT',
      ],
    });
    const own =
      engine.kind === 'answers' && Math.abs(engine.ahead) > APART_MS
        ? [found([], `the engine's clock is ${apart(engine.ahead)} this machine's`)]
        : [];
    const members = [...vitals].filter(([, { ahead, exactTo }]) => Math.abs(ahead) - exactTo > APART_MS);
    // All members of an engine have its clock.
    if (own.length > 0) return own;
    return members.map(([name, { ahead }]) =>
      found([name], `the clock of ${name} is ${apart(ahead)} this machine's`),
    );
  },
});

const apart = (ahead: number): string =>
  `${(Math.abs(ahead) / 1000).toFixed(1)} s ${ahead > 0 ? 'ahead of' : 'behind'}`;
