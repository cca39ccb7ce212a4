import type { ConsoleState } from '../document.ts';
import { clock } from './timeline.tsx';

/** What the stack's monitors raise, with what to do about each; nothing in a stack that has none. */
export function Alerts({ alerts }: Pick<ConsoleState, 'alerts'>) {
  if (alerts === undefined) return null;
  return (
    <section class={alerts.length === 0 ? undefined : 'problems'} aria-labelledby="alerts">
      <h2 id="alerts">Alerts</h2>
      {alerts === 'silent' && <p class="bad">No monitor of the stack answers: nobody is told of anything.</p>}
      {alerts.length === 0 && <p class="soft">None.</p>}
      {alerts !== 'silent' && alerts.length > 0 && (
        <ul>
          {alerts.map(({ name, severity, since, summary, action }) => (
            <li key={`${name} ${summary}`}>
              <b>{name}</b> <span class={severity === 'critical' ? 'bad' : 'soft'}>{severity}</span> since{' '}
              <time dateTime={new Date(since).toISOString()}>{clock(since)}</time>: {summary}
              <br />
              {withCommands(action)}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** Text in which what stands between backticks is a command to type. */
const withCommands = (text: string) =>
  text.split('`').map((part, index) => (index % 2 === 1 ? <code key={part}>{part}</code> : part));
