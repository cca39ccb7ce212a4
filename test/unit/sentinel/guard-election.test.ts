import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  ANYBODY,
  judge,
  refusal,
  rulesFor,
  type Surroundings,
  type Vote,
  type VoteRequest,
} from '../../../sentinel/guard/core/election.ts';
import {
  BLANK,
  elected,
  formatMemory,
  granted,
  type Memory,
  observed,
  parseMemory,
  pointedAt,
  type RedisView,
  resumable,
} from '../../../sentinel/guard/core/memory.ts';
import { compareTerms, FETCHED_RUN, type Term } from '../../../sentinel/guard/core/term.ts';

const term = (counter: number, owner = 'a', run = 0): Term => ({ counter, owner, run });
const HISTORY = { replid: 'one', term: term(1), start: 0, parent: null };
const view = (more: Partial<RedisView> = {}): RedisView => ({
  role: 'replica',
  follows: 'a:1',
  linkUp: true,
  loading: false,
  replid: 'one',
  offset: 100,
  backlogFrom: 1,
  stored: true,
  freshReplicas: 0,
  ...more,
});
const MEMBER: Memory = { ...BLANK, promised: term(1), member: true, histories: [HISTORY] };
const RULES = rulesFor(3, 1, true);

describe('how many votes a promotion needs', () => {
  for (const [members, waitReplicas, strict, votes] of [
    [3, 1, true, 2],
    [3, 2, true, 2],
    [2, 1, true, 1],
    [5, 1, true, 4],
    [5, 2, true, 3],
    [5, 3, true, 3],
    [3, 0, true, 1],
    [3, 1, false, 1],
  ] as const) {
    test(`${members} members, wait_replicas ${waitReplicas}, ${strict ? 'strict' : 'available'}: ${votes}`, () => {
      assert.equal(rulesFor(members, waitReplicas, strict).votes, votes);
    });
  }
});

describe('who does not vote', () => {
  const request: VoteRequest = { term: term(2, 'b'), released: null, force: false };
  const around = (more: Partial<Surroundings> = {}): Surroundings => ({
    view: view(),
    hearsMaster: false,
    yieldsTo: null,
    leader: null,
    ...more,
  });
  const master = view({ role: 'master', freshReplicas: 1 });
  const leading: Memory = { ...MEMBER, leads: true };
  const cases: ReadonlyArray<[string, Memory, Surroundings, VoteRequest, RegExp | undefined]> = [
    ['one that has lost its master does', MEMBER, around(), request, undefined],
    ['one whose master answers', MEMBER, around({ hearsMaster: true }), request, /its master answers/],
    [
      'one whose master has stepped down for the candidate does',
      MEMBER,
      around({ hearsMaster: true }),
      { ...request, released: term(1) },
      undefined,
    ],
    ['one that promised a later term', granted(MEMBER, term(3)), around(), request, /later term/],
    ['one that promised this very term', granted(MEMBER, term(2, 'b')), around(), request, /later term/],
    ['one that has had no data yet', { ...MEMBER, member: false }, around(), request, /no data/],
    [
      'a person may know better',
      { ...MEMBER, member: false },
      around(),
      { ...request, force: true },
      undefined,
    ],
    ['one that is loading', MEMBER, around({ view: view({ loading: true }) }), request, /loading/],
    ['one that does not answer', MEMBER, around({ view: undefined }), request, /does not answer/],
    ['a master with a replica', leading, around({ view: master }), request, /has its replicas/],
    [
      'a master without replicas does',
      leading,
      around({ view: view({ role: 'master' }) }),
      request,
      undefined,
    ],
    ['a master that hands over does', leading, around({ view: master, yieldsTo: 'b' }), request, undefined],
    [
      'one that ends does, for anybody',
      leading,
      around({ view: master, yieldsTo: ANYBODY }),
      request,
      undefined,
    ],
    ['a person is obeyed', leading, around({ view: master }), { ...request, force: true }, undefined],
    [
      'one whose data set was being replaced',
      MEMBER,
      around({ view: view({ backlogFrom: null }) }),
      request,
      /incomplete/,
    ],
  ];
  for (const [what, memory, surroundings, asked, expected] of cases) {
    test(what, () => {
      const reason = refusal(memory, surroundings, asked, RULES);
      if (expected === undefined) assert.equal(reason, undefined);
      else assert.match(reason ?? '', expected);
    });
  }
});

describe('what comes of the votes', () => {
  const vote = (member: string, offset: number, more: Partial<Vote['stand']> = {}): Vote => ({
    member,
    stand: { replid: 'one', offset, from: term(1), upTo: term(1), complete: null, settled: true, ...more },
    promised: term(1),
    histories: [HISTORY],
    backlogFrom: 1,
  });
  test('the one with most is promoted', () =>
    assert.equal(judge(vote('b', 100), [vote('c', 90)], RULES).kind, 'promote'));
  test('one with less fetches the rest first', () =>
    assert.equal(judge(vote('b', 90), [vote('c', 100)], RULES).kind, 'catch up'));
  test('what the other one no longer keeps cannot be fetched', () =>
    assert.equal(judge(vote('b', 10), [{ ...vote('c', 100), backlogFrom: 50 }], RULES).kind, 'yield'));
  test('a restarted owner of the term has everything of it', () =>
    assert.equal(
      judge(vote('b', 100), [vote('a', 5, { replid: 'new', complete: term(1) })], RULES).kind,
      'yield',
    ));
  test('how much a restarted replica had cannot be told', () => {
    const outcome = judge(vote('b', 100), [vote('c', 5, { replid: 'new' })], RULES);
    assert.ok(
      outcome.kind === 'wait' && /how much c acknowledged/.test(outcome.reason),
      JSON.stringify(outcome),
    );
  });
  describe('the whole shard was restarted, and the last master has voted for somebody before it could go on', () => {
    /** One that follows it again by itself may have anything of any term since, as far as those tell who promised one. */
    const restarted = (member: string, of: Term, complete: Term | null): Vote => ({
      ...vote(member, 5, { replid: `new ${member}`, from: term(1), upTo: of, complete }),
      promised: term(39, 'c'),
    });
    const last = restarted('a', term(16), term(16));
    const others = [restarted('b', term(14), null), restarted('c', term(14), null)];
    test('with every vote it is known that it led last, so it is promoted', () => {
      assert.equal(judge(last, others, RULES).kind, 'promote');
      assert.equal(judge(others[1], [last, others[0]], RULES).kind, 'yield');
    });
    test('also when one has fetched from another in an election that came to nothing', () => {
      const fetched = (owner: string): Vote => restarted('c', term(38, owner, FETCHED_RUN), null);
      for (const owner of ['a', 'b']) {
        const outcome = judge(last, [others[0], fetched(owner)], RULES);
        assert.equal(outcome.kind, 'promote', JSON.stringify(outcome));
      }
      assert.equal(judge(last, [others[0], restarted('c', term(38, 'a'), null)], RULES).kind, 'wait');
    });
    test('without one it may be that one who led last', () => {
      for (const other of others) assert.equal(judge(last, [other], RULES).kind, 'wait');
    });
    test('what it led without having it all in its file is nobody’s to tell', () =>
      assert.equal(judge(restarted('a', term(16), null), others, RULES).kind, 'wait'));
  });
  test('one that was away since an older term has nothing that matters', () => {
    const old = vote('c', 500, { replid: 'new', from: term(0), upTo: term(0) });
    const elsewhere = { ...HISTORY, term: term(1, 'b') };
    const own: Vote = { ...vote('c', 100), promised: term(1, 'b'), histories: [elsewhere] };
    assert.equal(judge(own, [{ ...old, promised: term(0), histories: [] }], RULES).kind, 'promote');
  });
  test('unless it was pointed at the same master, which may have gone on with it', () => {
    const old = vote('c', 500, { replid: 'new', from: term(0), upTo: term(0) });
    assert.equal(judge(vote('b', 100), [{ ...old, promised: term(0) }], RULES).kind, 'wait');
  });
  test('a larger offset in an older term is less', () => {
    const older = { replid: 'zero', term: term(0), start: 0, parent: null };
    const behind: Vote = { ...vote('c', 900, { replid: 'zero' }), histories: [older, HISTORY] };
    assert.equal(judge(vote('b', 100), [behind], RULES).kind, 'promote');
  });
  test('who took a new id over has not what was before it', () => {
    const next = { replid: 'two', term: term(2), start: 200, parent: 'one' };
    const early: Vote = { ...vote('c', 150, { replid: 'two' }), histories: [HISTORY, next] };
    assert.equal(judge(vote('b', 180), [early], RULES).kind, 'promote');
  });
  test('too few votes', () => assert.equal(judge(vote('b', 100), [], RULES).kind, 'wait'));
  test('a person makes the one that has most of those in reach master', () =>
    assert.equal(judge(vote('b', 100), [], RULES, true).kind, 'promote'));
});

describe('what a member remembers', () => {
  test('survives its file, and half a file is none', () => {
    const memory = pointedAt(MEMBER, term(4, 'c', 2), 'c:1', []);
    assert.deepEqual(parseMemory(formatMemory(memory)), memory);
    for (const text of ['', '{', '[]', 'null', formatMemory(memory).slice(0, 40), '{"promised":1}'])
      assert.equal(parseMemory(text), undefined, text);
  });
  test('an owner goes on in a run of its own, and not after it has voted', () => {
    const owner = elected(MEMBER, term(2, 'b'), view());
    assert.deepEqual(resumable(owner), term(2, 'b', 1));
    assert.equal(resumable(granted(owner, term(3))), null);
    assert.ok(compareTerms(term(2, 'b', 1), term(2, 'b')) > 0 && compareTerms(term(3), term(2, 'b', 9)) > 0);
  });
  test('one that was elected while its file is being rewritten has to wait for that', () => {
    const owner = elected(MEMBER, term(2, 'b'), view({ stored: false }));
    assert.equal(resumable(owner), null);
    assert.deepEqual(resumable(observed(owner, view({ role: 'master' }))), term(2, 'b', 1));
  });
  test('a wiped member counts once it has its master’s data', () => {
    const pointed = pointedAt(BLANK, term(1), 'a:1', [HISTORY]);
    assert.equal(observed(pointed, view({ loading: true })).member, false);
    assert.equal(observed(pointed, view({ stored: false })).member, false);
    assert.equal(observed(pointed, view()).member, true);
  });
});
