import { registerCheck } from '../check.ts';

export const persistence = registerCheck({
  name: 'persistence',
  well: 'every redis can write its append-only file and its snapshots',
  examine: ({ vitals }) =>
    [...vitals].flatMap(([name, { aofWrites, aofRewrites, saves }]) => {
      const failed = [
        ...(aofWrites ? [] : ['the last write to its append-only file failed']),
        ...(aofRewrites ? [] : ['the last rewrite of its append-only file failed']),
        ...(saves ? [] : ['its last snapshot failed']),
      ];
      if (failed.length === 0) return [];
      return [
        {
          severity: 'wrong',
          subjects: [name],
          what: `${name}: ${failed.join('; ')}`,
          why: 'its disk is full or broken, or the machine has no memory for a fork. While the file cannot be written it refuses writes, and its guard lets it be replaced',
          mend: [
            `\`twemstack logs ${name} --level warning --since 1h\` quotes the error`,
            'make room on the disk: it goes on by itself',
          ],
        },
      ];
    }),
});
