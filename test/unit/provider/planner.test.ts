import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { planChange } from '../../../provider/protocol/planner.ts';
import {
  block,
  computed,
  defaulted,
  either,
  listOf,
  optional,
  refused,
  required,
  setOf,
} from '../../../provider/protocol/schema.ts';
import { validateBlock } from '../../../provider/protocol/validate.ts';
import { type ObjectValue, UNKNOWN } from '../../../provider/protocol/values.ts';

const shape = block(
  {
    name: required('string'),
    id: computed('string'),
    memory: optional('number', { inPlace: true }),
    read_only: optional('bool'),
    restart: defaulted('string', 'no', {
      inPlace: true,
      check: (value) => (value === 'bad' ? 'must be good' : undefined),
    }),
    user: either('string'),
    env: optional(['set', 'string']),
    gpus: refused('string', 'GPUs are not covered.'),
  },
  {
    port: listOf(block({ internal: required('number'), external: either('number') })),
    volume: setOf(
      block({ path: required('string'), read_only: optional('bool'), from: refused('string', 'No.') }),
    ),
  },
);

/** A configuration: terraform gives every attribute. */
function config(more: ObjectValue = {}): ObjectValue {
  const absent = {
    id: null,
    memory: null,
    read_only: null,
    restart: null,
    user: null,
    env: null,
    gpus: null,
  };
  return { name: 'x', ...absent, port: [], volume: [], ...more };
}

/** The state after applying a configuration. */
function state(more: ObjectValue = {}): ObjectValue {
  const { planned } = planChange(shape, null, config(more));
  return { ...planned, id: '1', user: planned.user === UNKNOWN ? 'root' : planned.user };
}

describe('planning', () => {
  test('a new object: configured values, defaults, "nothing" written out, the rest unknown', () => {
    assert.deepEqual(planChange(shape, null, config({ memory: 5 })), {
      planned: {
        name: 'x',
        id: UNKNOWN,
        memory: 5,
        read_only: false,
        restart: 'no',
        user: UNKNOWN,
        env: null,
        gpus: '',
        port: [],
        volume: [],
      },
      replace: [],
    });
  });

  test('the same configuration again changes nothing', () => {
    const more = {
      env: ['a', 'b'],
      port: [{ internal: 80, external: null }],
      volume: [{ path: '/x', read_only: null, from: null }],
    };
    const prior: ObjectValue = { ...state(more), port: [{ internal: 80, external: 3333 }] };
    const { planned, replace } = planChange(shape, prior, config({ ...more, env: ['b', 'a'] }));
    assert.deepEqual({ ...planned, env: prior.env }, prior);
    assert.deepEqual(replace, []);
  });

  test('a changed attribute replaces, unless it can be changed in place', () => {
    assert.deepEqual(planChange(shape, state(), config({ env: ['a'] })).replace, ['env']);
    assert.deepEqual(planChange(shape, state(), config({ memory: 7, restart: 'always' })).replace, []);
    assert.deepEqual(planChange(shape, state({ read_only: true }), config()).replace, ['read_only']);
    assert.deepEqual(
      planChange(shape, state(), config({ volume: [{ path: '/y', read_only: null, from: null }] })).replace,
      ['volume'],
    );
  });

  test('an unknown value replaces: it may turn out different', () => {
    assert.deepEqual(planChange(shape, state(), config({ name: UNKNOWN })).replace, ['name']);
  });

  test('what was taken over from the engine stays when it is not configured', () => {
    assert.equal(planChange(shape, state({ user: 'redis' }), config()).planned.user, 'redis');
  });

  test('"nothing" in another spelling is no change: a state of the other provider, a default written out', () => {
    const foreign = { ...state(), memory: null, read_only: null, gpus: null };
    const { planned, replace } = planChange(shape, foreign, config());
    assert.deepEqual(planned, foreign);
    assert.deepEqual(replace, []);
    assert.deepEqual(planChange(shape, foreign, config({ read_only: false })).replace, []);
    const volume = [{ path: '/x', read_only: false, from: '' }];
    const kept = planChange(
      shape,
      { ...state(), volume },
      config({ volume: [{ path: '/x', read_only: null, from: null }] }),
    );
    assert.deepEqual(kept.planned.volume, volume);
  });
});

describe('validation', () => {
  test('refused options are named with their path and reason, however deep', () => {
    const found = validateBlock(
      shape,
      config({ gpus: 'all', volume: [{ path: '/x', read_only: null, from: 'y' }] }),
    );
    assert.deepEqual(
      found.map(({ summary, path }) => [summary, path]),
      [
        ['gpus is not supported by the offline Docker provider', ['gpus']],
        ['volume.from is not supported by the offline Docker provider', ['volume']],
      ],
    );
    assert.match(found[0].detail ?? '', /^GPUs are not covered\. /);
  });

  test('a refused option that says nothing is fine', () => {
    assert.deepEqual(validateBlock(shape, config({ gpus: '' })), []);
  });

  test('a bad value is shown with its rule; an unknown one waits', () => {
    const [found] = validateBlock(shape, config({ restart: 'bad' }));
    assert.equal(found.summary, 'Invalid value for restart: "bad"');
    assert.equal(found.detail, 'It must be good.');
    assert.deepEqual(found.path, ['restart']);
    assert.deepEqual(validateBlock(shape, config({ restart: UNKNOWN })), []);
  });
});
