import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { CHECKOUT, Home, homeFolder, stackFilePath } from '../../../scripts/stack/home.ts';
import { madeBy, noteMadeBy } from '../../../scripts/stack/made-by.ts';
import { inTemporaryFolder } from '../../support/stack-fixture.ts';

describe('where a stack is kept', () => {
  const env = {};

  test('of an installed package: beside the nearest stack.yaml, upwards from where it is called', () =>
    inTemporaryFolder((root) => {
      const cwd = join(root, 'some/where');
      mkdirSync(cwd, { recursive: true });
      const called = { installed: true, cwd, env };
      assert.equal(stackFilePath(undefined, called), join(cwd, 'stack.yaml'));
      writeFileSync(join(root, 'stack.yaml'), '');
      assert.equal(stackFilePath(undefined, called), join(root, 'stack.yaml'));
      assert.equal(homeFolder(undefined, called), root);
      assert.equal(homeFolder('../else/other.yaml', called), join(root, 'some/else'));
    }));

  test('of a checkout: in the checkout, wherever it is called and whatever the file', () => {
    const called = { installed: false, cwd: '/', env };
    assert.equal(stackFilePath(undefined, called), join(CHECKOUT, 'stack.yaml'));
    assert.equal(homeFolder('/elsewhere/stack.yaml', called), CHECKOUT);
  });

  test('where TWEMSTACK_HOME says, of both', () => {
    for (const installed of [true, false])
      assert.equal(homeFolder('x.yaml', { installed, cwd: '/', env: { TWEMSTACK_HOME: '/kept' } }), '/kept');
  });
});

test('a folder tells which version worked with it; one of an older version, or a damaged note, tells nothing', () =>
  inTemporaryFolder((root) => {
    const home = new Home(root);
    assert.equal(madeBy(home), undefined);
    noteMadeBy(home);
    assert.match(madeBy(home) ?? '', /^\d+\.\d+\.\d+$/);
    writeFileSync(join(home.private, 'made-by.json'), '{"form');
    assert.equal(madeBy(home), undefined);
  }));
