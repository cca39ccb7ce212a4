import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import type Docker from 'dockerode';
import { execa } from 'execa';
import type { FaultContext } from '../../../scripts/drill/drill.ts';
import { cutLinks, healLinks } from '../../../scripts/drill/faults/cut.ts';
import { between, oneWay } from '../../../scripts/drill/faults/links.ts';
import type { Fault } from '../../../scripts/drill/noted-faults.ts';
import { UndoStack } from '../../../scripts/drill/undo-stack.ts';
import { Timeline } from '../../../scripts/drill/watch/timeline.ts';
import type { Member, Plan } from '../../../topology/types.ts';
import { defaultPlan } from '../../support/stack-fixture.ts';

/** Says what reaches it by UDP, and sends what it is told to: `<address> <text>`. */
const PEER = `
const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (text) => console.log(String(text)));
socket.bind(7777, () => console.log('ready'));
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const [address, text] = line.split(' ');
  socket.send(text, 7777, address, () => undefined);
});`;

/** A member: a process in a network of its own, as the engine would tell of it. */
class Peer {
  readonly member: Member;
  readonly netns: string;
  readonly heard: string[] = [];
  #process: ChildProcess | undefined;
  #news = (): void => undefined;

  constructor(member: Member, index: number) {
    this.member = member;
    this.netns = `tw-cut-${process.pid}-${index}`;
  }

  async start(): Promise<void> {
    const child = spawn('nsenter', [`--net=/run/netns/${this.netns}`, process.execPath, '-e', PEER]);
    this.#process = child;
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.heard.push(line);
      this.#news();
    });
    await this.hears('ready');
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  tell(address: string, text: string): void {
    this.#process?.stdin?.write(`${address} ${text}\n`);
  }

  async hears(text: string): Promise<void> {
    while (!this.heard.includes(text)) await new Promise<void>((resolve) => (this.#news = resolve));
  }

  end(): void {
    this.#process?.kill('SIGKILL');
  }
}

describe('cutting links between members', () => {
  const plan = defaultPlan();
  const [a, b] = plan.shards[0].members.slice(0, 2).map((member, n) => new Peer(member, n));
  const peers = [a, b];
  const stackOfTwo: Plan = { ...plan, members: peers.map(({ member }) => member) };
  const engine = {
    getContainer: (name: string) => ({
      inspect: async () => ({ State: { Pid: peers.find(({ member }) => member.name === name)?.pid ?? 0 } }),
    }),
  } as unknown as Docker;
  const undo = new UndoStack();
  const context = {
    engine,
    plan: stackOfTwo,
    timeline: new Timeline(),
    undoLater: (_fault: Fault, work: () => Promise<void>) => undo.push(work),
  } as unknown as FaultContext;
  let sent = 0;

  before(async () => {
    for (const { netns } of peers) await execa('ip', ['netns', 'add', netns]);
    const cable = ['link', 'add', 'eth0', 'netns', a.netns, 'type', 'veth', 'peer', 'name', 'eth0', 'netns'];
    await execa('ip', [...cable, b.netns]);
    for (const { netns, member } of peers) {
      await execa('ip', ['-n', netns, 'address', 'add', `${member.address}/24`, 'dev', 'eth0']);
      for (const device of ['lo', 'eth0']) await execa('ip', ['-n', netns, 'link', 'set', device, 'up']);
    }
    for (const peer of peers) await peer.start();
    // Their neighbour tables are filled before anything is to be missed.
    a.tell(b.member.address, 'first');
    await b.hears('first');
  });
  after(async () => {
    for (const peer of peers) peer.end();
    for (const { netns } of peers) await execa('ip', ['netns', 'delete', netns], { reject: false });
  });

  /** Whether what `from` sends arrives: what it sends itself afterwards, by way of the other, says when to stop waiting. */
  async function reaches(from: Peer, to: Peer): Promise<boolean> {
    const text = `message-${++sent}`;
    from.tell(to.member.address, text);
    from.tell(from.member.address, `${text}-own`);
    await from.hears(`${text}-own`);
    to.tell(to.member.address, `${text}-last`);
    await to.hears(`${text}-last`);
    return to.heard.includes(text);
  }

  const both = async (): Promise<[aToB: boolean, bToA: boolean]> => [
    await reaches(a, b),
    await reaches(b, a),
  ];

  test('one way: what one says is not heard, and it hears the other', async () => {
    assert.deepEqual(await both(), [true, true]);
    await cutLinks(context, oneWay([a.member], [b.member]));
    assert.deepEqual(await both(), [false, true]);
    await undo.undoAll();
    assert.deepEqual(await both(), [true, true]);
  });

  test('both ways', async () => {
    await cutLinks(context, between([a.member], [b.member]));
    assert.deepEqual(await both(), [false, false]);
    await undo.undoAll();
    assert.deepEqual(await both(), [true, true]);
  });

  test('what a killed drill has cut, twice, is found and taken back without knowing what it was', async () => {
    await cutLinks(context, oneWay([a.member], [b.member]));
    await cutLinks(context, between([b.member], [a.member]));
    assert.deepEqual(await healLinks(stackOfTwo, engine), [a.member.name, b.member.name]);
    assert.deepEqual(await both(), [true, true]);
    assert.deepEqual(await healLinks(stackOfTwo, engine), []);
    for (const { netns } of peers) {
      const { stdout } = await execa('ip', ['netns', 'exec', netns, 'iptables', '-S']);
      assert.doesNotMatch(stdout, /TWEMSTACK/);
    }
  });

  test('a member that is started again in between finds its links still cut, by the other end', async () => {
    await cutLinks(context, between([a.member], [b.member]));
    for (const chain of ['TWEMSTACK-DRILL-IN', 'TWEMSTACK-DRILL-OUT'])
      await execa('ip', ['netns', 'exec', a.netns, 'iptables', '-F', chain]);
    assert.deepEqual(await both(), [false, false]);
    await undo.undoAll();
    assert.deepEqual(await both(), [true, true]);
  });

  test('who does not run is no hindrance; when neither end does, that is said', async () => {
    const gone = plan.shards[1].members;
    await cutLinks(context, between([a.member], [b.member, gone[0]]));
    assert.deepEqual(await both(), [false, false]);
    await undo.undoAll();
    await assert.rejects(
      cutLinks(context, between([gone[0]], [gone[1]])),
      /there is no process on this machine/,
    );
  });
});
