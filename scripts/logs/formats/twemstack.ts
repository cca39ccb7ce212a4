import type { Level, LineFormat, Program } from '../record.ts';

/** Our own programs: `twemstack-PROGRAM MILLISECONDS MEMBER: text`. */
const LINE = /^twemstack-(redis|sentinel|guard|edge|monitor) (\d{10,15}) \S+: (.*)$/;
/** The supervisor of an edge tells keepalived's changes of state: `twemstack-vrrp MILLISECONDS STATE`, and of which VIP where there are several. */
const VRRP = /^twemstack-vrrp (\d{10,15}) (\w+)(?: ([\d.]+))?$/;

const PROGRAM: Readonly<Record<string, Program>> = {
  redis: 'entrypoint',
  sentinel: 'entrypoint',
  guard: 'guard',
  edge: 'supervisor',
  monitor: 'supervisor',
};

/** The entrypoints, the guards, the supervisors of the edges. */
export const twemstackLine: LineFormat = (line) => {
  const [, since, state, vip] = VRRP.exec(line) ?? [];
  if (state !== undefined) {
    const level = state === 'FAULT' ? 'warning' : 'notice';
    return {
      program: 'keepalived',
      level,
      text: `VRRP state ${vip === undefined ? '' : `of ${vip} `}is ${state}`,
      ownTime: Number(since),
    };
  }
  const [, program, at, text] = LINE.exec(line) ?? [];
  if (text === undefined) return undefined;
  return { program: PROGRAM[program], level: levelOf(text), text, ownTime: Number(at) };
};

/** They have no levels of their own: what calls for somebody is told by its words. */
function levelOf(text: string): Level {
  if (/^ALARM|^refusing to start/.test(text)) return 'error';
  return /\bhangs\b|\bended\b|does not load|damaged|did not start|^full:|but is not|steps down|BUSY|cannot/.test(
    text,
  )
    ? 'warning'
    : 'notice';
}
