import type { ConsoleMember, ConsoleState } from '../document.ts';
import { type Box, layOut, vipTitle, type Wire } from './picture-layout.ts';
import { useWidth } from './use-width.ts';

interface Props {
  readonly state: ConsoleState;
  readonly chosen: string | undefined;
  readonly choose: (member: string) => void;
}

/** The stack as it stands: domains as columns, and the way of a request drawn through them. */
export function StackPicture({ state, chosen, choose }: Props) {
  const [ref, width] = useWidth();
  const picture = layOut(state, Math.max(280, width));
  return (
    <div ref={ref} class="picture">
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms, and cannot draw */}
      <svg
        width={picture.width}
        height={picture.height}
        role="group"
        aria-label="the stack: its members by domain, and a request's way to the masters"
      >
        {picture.wires.map((wire) => (
          <polyline key={pointsOf(wire)} class={wire.live ? 'wire' : 'wire broken'} points={pointsOf(wire)} />
        ))}
        <rect {...picture.vip} rx={15} class="vip" />
        <text x={picture.vip.x + picture.vip.width / 2} y={picture.vip.y + 20} class="vip-text">
          {vipTitle(state)}
        </text>
        {picture.labels.map(({ x, y, text, anchor, kind }) => (
          <text key={`${kind} ${text}`} x={x} y={y} text-anchor={anchor} class={kind}>
            {text}
          </text>
        ))}
        {picture.boxes.map((box) => (
          <MemberBox key={box.member.name} box={box} isChosen={box.member.name === chosen} choose={choose} />
        ))}
      </svg>
    </div>
  );
}

const pointsOf = ({ points }: Wire): string => points.map((point) => point.join()).join(' ');

function MemberBox({
  box,
  isChosen,
  choose,
}: {
  readonly box: Box;
  readonly isChosen: boolean;
  readonly choose: (member: string) => void;
}) {
  const { member, x, y, width, height, title, detail, tone } = box;
  const act = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    choose(member.name);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a button element cannot stand in an SVG
    <g
      role="button"
      tabindex={0}
      aria-pressed={isChosen}
      aria-label={spoken(member, title, detail)}
      class={`member ${tone}${isChosen ? ' chosen' : ''}`}
      onClick={() => choose(member.name)}
      onKeyDown={act}
    >
      <rect x={x} y={y} width={width} height={height} rx={6} />
      <text x={x + 8} y={y + 19} class="title">
        {title}
      </text>{' '}
      <text x={x + 8} y={y + 36} class="detail">
        {detail}
      </text>
    </g>
  );
}

const spoken = ({ name, domain }: ConsoleMember, title: string, detail: string): string =>
  `${title} ${detail}, ${name} in domain ${domain}`;
