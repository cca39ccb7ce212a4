import { render } from 'preact';
import { useState } from 'preact/hooks';
import 'uplot/dist/uPlot.min.css';
import type { ConsoleState, PoolSample, Sample, Traffic as ShardTraffic } from '../document.ts';
import { Alerts } from './alerts.tsx';
import { Chart } from './chart.tsx';
import { ActionDesk, Inquiries } from './desk.tsx';
import { useLive } from './live.ts';
import './page.css';
import { StackPicture } from './picture.tsx';
import { MemberDetails, Opinions, RedisTable, ShardTable } from './tables.tsx';
import { clock, Events, Timeline } from './timeline.tsx';

function Page() {
  const { connected, state, samples, output } = useLive();
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  if (state === undefined) return <p class="soft">Looking at the stack …</p>;
  const member = state.members.find(({ name }) => name === chosen);
  const toggle = (name: string): void => setChosen(name === chosen ? undefined : name);
  return (
    <>
      <Header state={state} connected={connected} />
      <main>
        <Problems state={state} />
        <Alerts alerts={state.alerts} />
        <section aria-labelledby="stack">
          <h2 id="stack">The stack</h2>
          <StackPicture state={state} chosen={chosen} choose={toggle} />
          {member !== undefined && <MemberDetails member={member} />}
        </section>
        <section aria-labelledby="traffic">
          <h2 id="traffic">Traffic</h2>
          <Traffic state={state} samples={samples} />
        </section>
        <section aria-labelledby="timeline">
          <h2 id="timeline">Timeline</h2>
          <Timeline state={state} />
          <Events state={state} />
        </section>
        <section aria-labelledby="redis">
          <h2 id="redis">Redis servers</h2>
          <RedisTable state={state} sample={samples.at(-1)} />
        </section>
        <section aria-labelledby="opinions">
          <h2 id="opinions">What the sentinels say</h2>
          <Opinions state={state} />
        </section>
        <section aria-labelledby="inquiries">
          <h2 id="inquiries">Look closer</h2>
          <Inquiries shards={state.shards} />
        </section>
        <section aria-labelledby="actions">
          <h2 id="actions">Actions</h2>
          <ActionDesk actions={state.actions} output={output} />
        </section>
      </main>
    </>
  );
}

function Header({ state, connected }: { readonly state: ConsoleState; readonly connected: boolean }) {
  const whole = state.problems.length === 0;
  return (
    <header>
      <h1>
        {state.stack} <span class={`badge ${whole ? 'good' : 'bad'}`}>{whole ? 'healthy' : 'degraded'}</span>
      </h1>
      <p class="soft" role="status">
        {connected ? `as of ${clock(state.at)}` : 'The console does not answer: what is shown is old.'}
      </p>
    </header>
  );
}

function Problems({ state }: { readonly state: ConsoleState }) {
  if (state.problems.length === 0) return null;
  return (
    <section class="problems" aria-labelledby="problems">
      <h2 id="problems">What is wrong</h2>
      <ul>
        {state.problems.map(({ subject, what }) => (
          <li key={`${subject} ${what}`}>
            <b>{subject}</b> {what}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** As many shards as there are colours of lines that can be told apart. */
const LINES = 5;

interface TrafficProps {
  readonly state: ConsoleState;
  readonly samples: readonly Sample[];
}

function Traffic({ state, samples }: TrafficProps) {
  return (
    <div class="charts">
      {state.pools.map((pool) => (
        <PoolTraffic key={pool.name} pool={pool} vips={state.vips ?? [state.vip]} samples={samples} />
      ))}
    </div>
  );
}

function PoolTraffic({
  pool: { name, port, answers, shards },
  vips,
  samples,
}: {
  readonly pool: ConsoleState['pools'][number];
  readonly vips: readonly string[];
  readonly samples: readonly Sample[];
}) {
  const times = samples.map(({ at }) => at / 1000);
  const values = (of: (sample: PoolSample) => number | undefined) =>
    samples.map(({ pools }) => (pools[name] === undefined ? undefined : of(pools[name])));
  const byShard = (of: (shard: ShardTraffic) => number | undefined) =>
    shards.slice(0, LINES).map((shard, index) => ({
      name: shard,
      color: `--series-${index}`,
      values: values((pool) => (pool.shards[shard] === undefined ? undefined : of(pool.shards[shard]))),
    }));
  const latest = samples.at(-1)?.pools[name];
  return (
    <section aria-label={`pool ${name}`}>
      <h3>
        {name} <span class="soft">{vips.map((vip) => `${vip}:${port}`).join(', ')}</span>{' '}
        <span class={answers ? 'good' : 'bad'}>{answers ? 'answers' : 'does not answer'}</span>
      </h3>
      <Chart label="requests" unit="/s" times={times} series={byShard(({ requests }) => requests)} />
      <Chart
        label="latency at the proxies"
        unit="ms"
        times={times}
        series={[
          { name: 'p50', color: '--series-0', values: values(({ p50 }) => p50) },
          { name: 'p99', color: '--series-1', values: values(({ p99 }) => p99) },
        ]}
      />
      {shards.length > 1 && (
        <Chart label="p99 of each shard" unit="ms" times={times} series={byShard(({ p99 }) => p99)} />
      )}
      {shards.length > LINES && <ShardTable pool={name} shards={shards} sample={latest} />}
      <p class="soft">{latest?.clients ?? '–'} clients</p>
    </section>
  );
}

const place = document.getElementById('console');
if (place === null) throw new Error('the page has no place for the console');
place.replaceChildren();
render(<Page />, place);
