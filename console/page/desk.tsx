import { useState } from 'preact/hooks';
import type { ActionLine, BigKeys, SlowRequest } from '../document.ts';
import { shown } from './chart.tsx';
import { bytes } from './picture-layout.ts';
import { Table } from './tables.tsx';
import { clock } from './timeline.tsx';

/** What was asked for: on its way, there, or why not. */
type Answer<T> = { readonly kind: 'none' | 'asking' } | { readonly kind: 'here'; readonly body: T } | Failure;
interface Failure {
  readonly kind: 'failed';
  readonly why: string;
}

const NOT_ASKED = { kind: 'none' } as const;

async function ask<T>(path: string, request?: RequestInit): Promise<Answer<T>> {
  try {
    const answer = await fetch(path, request);
    const body = (await answer.json()) as T & { readonly error?: string };
    return answer.ok ? { kind: 'here', body } : { kind: 'failed', why: body.error ?? answer.statusText };
  } catch (error) {
    return { kind: 'failed', why: (error as Error).message };
  }
}

/** Looks into a shard that cost it something, so only when asked for. */
export function Inquiries({ shards }: { readonly shards: readonly string[] }) {
  const [slow, setSlow] = useState<Answer<readonly SlowRequest[]>>(NOT_ASKED);
  const [keys, setKeys] = useState<Answer<BigKeys>>(NOT_ASKED);
  const askSlow = async (shard: string): Promise<void> => {
    setSlow({ kind: 'asking' });
    setSlow(await ask(`/shards/${shard}/slow`));
  };
  const askKeys = async (shard: string): Promise<void> => {
    setKeys({ kind: 'asking' });
    setKeys(await ask(`/shards/${shard}/keys`));
  };
  return (
    <>
      <div class="buttons">
        {shards.map((shard) => (
          <span key={shard}>
            <button type="button" onClick={() => void askSlow(shard)}>
              slow requests of {shard}
            </button>
            <button type="button" onClick={() => void askKeys(shard)}>
              largest keys of {shard}
            </button>
          </span>
        ))}
      </div>
      <div aria-live="polite">
        <Waiting answer={slow} />
        {slow.kind === 'here' && <SlowTable requests={slow.body} />}
        <Waiting answer={keys} />
        {keys.kind === 'here' && <KeyTable found={keys.body} />}
      </div>
    </>
  );
}

function Waiting({ answer }: { readonly answer: Answer<unknown> }) {
  if (answer.kind === 'asking') return <p class="soft">Asking …</p>;
  if (answer.kind === 'failed') return <p class="bad">{answer.why}</p>;
  return null;
}

function SlowTable({ requests }: { readonly requests: readonly SlowRequest[] }) {
  if (requests.length === 0) return <p class="soft">No member remembers a slow request.</p>;
  return (
    <Table label="slow requests" head={['when', 'member', 'took', 'command']}>
      {requests.map(({ at, member, milliseconds, command }) => (
        <tr key={`${member} ${at} ${milliseconds} ${command}`}>
          <td>{clock(at)}</td>
          <th scope="row">{member}</th>
          <td class="number">{shown(milliseconds, 'ms')}</td>
          <td>{command}</td>
        </tr>
      ))}
    </Table>
  );
}

function KeyTable({ found }: { readonly found: BigKeys }) {
  return (
    <>
      <p class="soft">
        The largest of {shown(found.looked, '')} keys of {found.shard} that were looked at, on {found.member}.
      </p>
      <Table label="largest keys" head={['key', 'type', 'memory']}>
        {found.keys.map(({ key, type, bytes: size }) => (
          <tr key={key}>
            <th scope="row">{key}</th>
            <td>{type}</td>
            <td class="number">{bytes(size)}</td>
          </tr>
        ))}
      </Table>
    </>
  );
}

interface ActionsProps {
  readonly actions: readonly string[];
  readonly output: readonly ActionLine[];
}

/** Begins an action after asking once more, and shows the steps that the command line would. */
export function ActionDesk({ actions, output }: ActionsProps) {
  const [asked, setAsked] = useState<string | undefined>(undefined);
  const [answer, setAnswer] = useState<Answer<unknown>>(NOT_ASKED);
  if (actions.length === 0) {
    return (
      <p class="soft">
        This console looks and changes nothing. Started with <code>--allow-actions</code> it can hand shards
        over, drill, take a backup and rehearse an upgrade.
      </p>
    );
  }
  const begin = async (action: string): Promise<void> => {
    setAsked(undefined);
    setAnswer({ kind: 'asking' });
    const headers = { 'content-type': 'application/json' };
    setAnswer(await ask('/actions', { method: 'POST', headers, body: JSON.stringify({ action }) }));
  };
  const last = output.at(-1);
  const lines = last === undefined ? [] : output.filter(({ action }) => action === last.action);
  return (
    <>
      <div class="buttons">
        {actions.map((action) => (
          <button type="button" key={action} onClick={() => setAsked(action)}>
            {action}
          </button>
        ))}
      </div>
      {asked !== undefined && (
        <div class="asked" role="alertdialog" aria-label={`really ${asked}?`}>
          <p>
            <code>twemstack {asked}</code> on the running stack?
          </p>
          <button type="button" class="go" onClick={() => void begin(asked)}>
            yes, begin
          </button>
          <button type="button" onClick={() => setAsked(undefined)}>
            no
          </button>
        </div>
      )}
      {answer.kind === 'failed' && <p class="bad">{answer.why}</p>}
      {lines.length > 0 && (
        <pre aria-live="polite">
          {lines
            .map(({ line, exitCode }) => line ?? `ended with exit code ${exitCode}`)
            .slice(-40)
            .join('\n')}
        </pre>
      )}
    </>
  );
}
