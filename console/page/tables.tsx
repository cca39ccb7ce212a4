import type { ComponentChildren } from 'preact';
import type { ConsoleMember, ConsoleState, PoolSample, RedisSample, Sample } from '../document.ts';
import { shown } from './chart.tsx';
import { bytes } from './picture-layout.ts';

interface TableProps {
  readonly label: string;
  readonly head: readonly string[];
  readonly children: ComponentChildren;
}

export function Table({ label, head, children }: TableProps) {
  return (
    // What scrolls can be reached from the keyboard (axe-core: scrollable-region-focusable).
    <section class="scroll" tabindex={0} aria-label={label}>
      <table>
        <thead>
          <tr>
            {head.map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}

/** Every redis server: what it is, what it holds, what it does. */
export function RedisTable({
  state,
  sample,
}: {
  readonly state: ConsoleState;
  readonly sample: Sample | undefined;
}) {
  const members = state.shards.flatMap((shard) => state.members.filter((member) => member.shard === shard));
  return (
    <Table
      label="figures of each redis server"
      head={['shard', 'member', 'role', 'health', 'keys', 'lag', 'memory', 'commands/s', 'clients']}
    >
      {members.map((member) => (
        <RedisRow key={member.name} member={member} figures={sample?.redis[member.name]} />
      ))}
    </Table>
  );
}

function RedisRow({
  member,
  figures,
}: {
  readonly member: ConsoleMember;
  readonly figures: RedisSample | undefined;
}) {
  const { name, shard, role, health, well, keys, lagBytes } = member;
  return (
    <tr>
      <td>{shard}</td>
      <th scope="row">{name}</th>
      <td>{role}</td>
      <td class={well ? 'good' : 'bad'}>{health}</td>
      <td class="number">{shown(keys, '')}</td>
      <td class="number">{lagBytes === undefined ? '' : bytes(lagBytes)}</td>
      <td class="number">{figures === undefined ? '–' : memory(figures)}</td>
      <td class="number">{shown(figures?.commands, '')}</td>
      <td class="number">{shown(figures?.clients, '')}</td>
    </tr>
  );
}

function memory({ usedMemory, maxMemory }: RedisSample): string {
  if (maxMemory === 0) return bytes(usedMemory);
  return `${bytes(usedMemory)} of ${bytes(maxMemory)} (${Math.round((100 * usedMemory) / maxMemory)} %)`;
}

/** What goes through a pool to each of its shards, where they are too many for lines that can be told apart. */
export function ShardTable({
  pool,
  shards,
  sample,
}: {
  readonly pool: string;
  readonly shards: readonly string[];
  readonly sample: PoolSample | undefined;
}) {
  return (
    <Table label={`figures of each shard of ${pool}`} head={['shard', 'requests/s', 'p50', 'p99']}>
      {shards.map((shard) => (
        <tr key={shard}>
          <th scope="row">{shard}</th>
          <td class="number">{shown(sample?.shards[shard]?.requests, '')}</td>
          <td class="number">{shown(sample?.shards[shard]?.p50, 'ms')}</td>
          <td class="number">{shown(sample?.shards[shard]?.p99, 'ms')}</td>
        </tr>
      ))}
    </Table>
  );
}

/** What each sentinel says of each shard. */
export function Opinions({ state }: { readonly state: ConsoleState }) {
  return (
    <Table label="opinion of each sentinel" head={['sentinel', 'shard', 'master', 'thinks']}>
      {state.opinions.map(({ sentinel, shard, master, flags, tilt }) => (
        <tr key={`${sentinel} ${shard}`}>
          <th scope="row">{sentinel}</th>
          <td>{shard}</td>
          <td>{master}</td>
          <td class={flags.length === 0 && !tilt ? 'good' : 'bad'}>
            {[...(tilt ? ['TILT'] : []), ...flags].join(', ') || 'nothing is the matter'}
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** All that is known of one member. */
export function MemberDetails({ member }: { readonly member: ConsoleMember }) {
  const facts: ReadonlyArray<readonly [string, string | undefined]> = [
    ['domain', member.domain],
    ['address', member.address],
    ['shard', member.shard],
    ['role', member.role],
    ['health', member.health],
    ['says', member.error],
    ['version', member.version === undefined ? undefined : `redis ${member.version}`],
    ['keys', member.keys === undefined ? undefined : shown(member.keys, '')],
    ['lag', member.lagBytes === undefined ? undefined : bytes(member.lagBytes)],
    ['restarts by itself', String(member.restarts)],
    ['killed for its memory limit', member.oomKilled ? 'yes' : undefined],
    ['its log', `npx twemstack logs ${member.name}`],
  ];
  return (
    <aside class="details" aria-label={`details of ${member.name}`}>
      <h3>{member.name}</h3>
      <dl>
        {facts.map(([name, value]) =>
          value === undefined ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
        )}
      </dl>
    </aside>
  );
}
