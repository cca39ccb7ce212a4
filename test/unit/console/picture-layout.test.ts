import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bytes, layOut } from '../../../console/page/picture-layout.ts';
import { degradedState, wholeState } from '../../support/console-scene.ts';

describe('the picture of the stack', () => {
  for (const width of [320, 390, 1180]) {
    test(`${width} wide: every member is drawn once, within it, and none on another`, () => {
      const state = wholeState();
      const { boxes, height, ...picture } = layOut(state, width);
      assert.deepEqual(
        boxes.map(({ member }) => member.name).sort(),
        state.members.map(({ name }) => name).sort(),
      );
      assert.equal(picture.width, width);
      for (const box of boxes) {
        assert.ok(box.x >= 0 && box.x + box.width <= width, box.member.name);
        assert.ok(box.y >= 0 && box.y + box.height <= height, box.member.name);
        const others = boxes.filter(
          (other) =>
            other !== box && Math.abs(other.x - box.x) < box.width && Math.abs(other.y - box.y) < box.height,
        );
        assert.deepEqual(others, []);
      }
    });
  }

  test('a request’s way leads from the VIP through the edge that holds it and the proxies to the masters of now', () => {
    const { boxes, wires, vip } = layOut(degradedState(), 1180);
    const ends = wires.map(({ points }) => points[points.length - 1]);
    const reached = boxes.filter(({ x, y, width }) =>
      ends.some(([endX, endY]) => endX === x + width / 2 && endY === y),
    );
    assert.deepEqual(
      reached.map(({ member }) => member.name).sort(),
      [
        'alpha-edge-a',
        'alpha-proxy-a',
        'alpha-proxy-b',
        'alpha-proxy-c',
        'alpha-shard-1-b',
        'alpha-shard-2-b',
      ].sort(),
    );
    assert.equal(wires[0].points[0][1], vip.y + vip.height);
  });

  test('without a holder of the VIP nothing leads from it', () => {
    const state = wholeState();
    const nobody = { ...state, members: state.members.map((member) => ({ ...member, holdsVip: false })) };
    const { wires, vip } = layOut(nobody, 1180);
    assert.ok(wires.every(({ points }) => points[0][1] > vip.y + vip.height));
  });
});

test('bytes in the unit that is read most easily', () => {
  assert.deepEqual([0, 12, 1023, 1024, 1536, 61_000_000, 2 ** 40].map(bytes), [
    '0 B',
    '12 B',
    '1023 B',
    '1.0 KiB',
    '1.5 KiB',
    '58.2 MiB',
    '1.0 TiB',
  ]);
});
