import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seeded } from '../../../scripts/chance.ts';
import { between, nameLink, oneWay } from '../../../scripts/drill/faults/links.ts';
import { drawScript } from '../../../scripts/drill/nemesis/draw.ts';
import { nodesOf } from '../../../scripts/drill/nemesis/nodes.ts';
import { parseScript, printScript, type Script } from '../../../scripts/drill/nemesis/script.ts';
import { shrink } from '../../../scripts/drill/nemesis/shrink.ts';
import { defaultPlan } from '../../support/stack-fixture.ts';

const plan = defaultPlan();
const drawn = Array.from({ length: 300 }, (_, seed) => drawScript(plan, seeded(seed)));
const linksOf = ({ steps }: Script): string[] =>
  steps.flatMap(({ deed }) => (deed.verb === 'cut' ? deed.links.map(({ from, to }) => `${from}>${to}`) : []));

describe('links between members', () => {
  const [a, b, c] = plan.shards[0].members;

  test('both ways between two sets, one way from one to the other, and never to oneself', () => {
    const names = (links: ReturnType<typeof between>): string[] =>
      links.map(nameLink).map((name) => name.replaceAll('alpha-shard-1-', ''));
    assert.deepEqual(names(between([a], [b, c])), ['a>b', 'a>c', 'b>a', 'c>a']);
    assert.deepEqual(names(oneWay([a, b], [b, c])), ['a>b', 'a>c', 'b>c']);
  });
});

describe('what the nemesis draws', () => {
  test('the same seed gives the same script, another one another', () => {
    assert.deepEqual(drawScript(plan, seeded(7)), drawScript(plan, seeded(7)));
    assert.equal(new Set(drawn.map(printScript)).size, drawn.length);
  });

  test('only links between members that talk, and of one shard', () => {
    const shardOf = new Map(nodesOf(plan).map(({ name, shard }) => [name, shard]));
    for (const link of drawn.flatMap(linksOf)) {
      const [from, to] = link.split('>');
      assert.ok(shardOf.has(from) && shardOf.has(to) && from !== to, link);
      const shards = new Set([shardOf.get(from), shardOf.get(to)].filter((shard) => shard !== undefined));
      assert.ok(shards.size <= 1, link);
      assert.doesNotMatch(link, /master>edge|edge.*>shard|edge.*>sentinel|sentinel.*>edge/);
    }
  });

  test('cuts of every kind come up: a master cut off with one replica, one-way ones, edges from each other', () => {
    const all = drawn.map((script) => new Set(linksOf(script)));
    const some = (match: (links: ReadonlySet<string>) => boolean): boolean => all.some(match);
    assert.ok(
      some(
        (links) =>
          ['shard-1.replica-2', 'sentinel.1', 'sentinel.2', 'sentinel.3'].every(
            (node) => links.has(`shard-1.master>${node}`) && links.has(`shard-1.replica-1>${node}`),
          ) && !links.has('shard-1.master>shard-1.replica-1'),
      ),
    );
    assert.ok(
      some((links) => links.has('shard-1.master>sentinel.1') && !links.has('sentinel.1>shard-1.master')),
    );
    assert.ok(some((links) => links.has('edge.holder>edge.standby-1')));
  });

  test('at most one death, nothing done to what is dead or frozen, everything over at the end', () => {
    for (const script of drawn) {
      const nodes = script.steps.flatMap(({ deed }) => ('node' in deed ? [deed.node] : []));
      assert.equal(new Set(nodes).size, nodes.length, printScript(script));
      const deaths = script.steps.filter(({ deed }) => deed.verb === 'kill' || deed.verb === 'crash');
      assert.ok(deaths.length <= 1, printScript(script));
      assert.equal(script.steps[0].deed.verb, 'cut');
      assert.ok(script.steps.every(({ at }) => at < script.end));
    }
  });
});

describe('the words of --replay', () => {
  test('what is printed is read as the same script', () => {
    for (const script of drawn) {
      const read = parseScript(printScript(script));
      assert.deepEqual(linksOf(read).sort(), linksOf(script).sort());
      assert.equal(printScript(read), printScript(script));
    }
  });

  test('both directions of a pair are one word', () => {
    const text = '0 cut a<>b c>a; 1200 kill b; 2000 freeze c 800; 4000 mend; 7000 end';
    assert.equal(printScript(parseScript(text)), text);
  });

  test('what is none of its words is refused with what they are', () => {
    for (const text of [
      '',
      '0 cut a<b; 1 end',
      '0 kill; 1 end',
      '0 cut a>b',
      '-1 mend; 5 end',
      '0 mend; 999999 end',
    ])
      assert.throws(() => parseScript(text), /--replay cannot be read: /, text);
  });
});

describe('shrinking a script', () => {
  const script = parseScript('0 cut a<>b a<>c b<>d; 500 freeze e 300; 900 kill f; 1500 cut c<>d; 3000 end');
  /** Fails as long as two links and a death are in it. */
  const fails = async (smaller: Script): Promise<boolean> => {
    const links = linksOf(smaller);
    return links.includes('a>c') && links.includes('d>b') && printScript(smaller).includes('kill f');
  };

  test('leaves only what is needed', async () => {
    const { script: small } = await shrink(script, fails, 200);
    assert.equal(printScript(small), '0 cut a>c d>b; 900 kill f; 3000 end');
  });

  test('ends when its tries are used up, with the smallest that was seen to fail', async () => {
    let calls = 0;
    const { script: small, tried } = await shrink(
      script,
      async (smaller) => {
        calls += 1;
        return fails(smaller);
      },
      4,
    );
    assert.deepEqual([calls, tried], [4, 4]);
    assert.ok(await fails(small));
  });
});
