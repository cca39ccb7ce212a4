import { registerCheck } from '../check.ts';

export const damagedFiles = registerCheck({
  name: 'damaged-files',
  well: 'what is kept beside the credentials can be read',
  examine: ({ files }) =>
    files.damaged.map(({ path, outcome }) => ({
      severity: 'wrong',
      subjects: [path],
      what: `${path} is damaged`,
      why: 'something else wrote to it, or the disk lost part of it; twemstack writes whole files or none',
      mend: [`\`twemstack up\` sets it aside as *.damaged: ${outcome}`],
    })),
});
