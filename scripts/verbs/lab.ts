import { EXIT } from '../errors.ts';
import { type LabHostStatus, labDown, labStatus, labUp } from '../lab/lab.ts';
import { LAB_HOSTS, LEAST_HOSTS, labPlace } from '../lab/place.ts';
import { lock } from '../process-lock.mjs';
import { table } from '../report/table.ts';
import { type CommonOptions, printJson, verbContext } from './context.ts';
import { wholeNumber } from './whole-number.ts';

/** One lab is made or removed at a time: two would take the same network. */
const LOCK = 'twemstack lab';

interface LabUpOptions extends CommonOptions {
  readonly hosts?: string;
}

/** Engines as hosts on this machine. */
export async function labUpVerb(options: LabUpOptions): Promise<number> {
  const { json, reporter } = verbContext(options);
  const hosts =
    options.hosts === undefined
      ? undefined
      : wholeNumber('--hosts', options.hosts, LEAST_HOSTS, LAB_HOSTS.length);
  const held = await lock(LOCK, () => reporter.note('waiting for another `lab`'));
  try {
    const lab = await reporter.step('lab', async (step) => {
      const made = await labUp(labPlace(), step, { hosts });
      step.outcome(`${made.hosts.length} hosts, each with an engine`);
      return made;
    });
    if (json) printJson(lab);
    else {
      const { bin, keys, stackFile } = lab.place;
      process.stdout.write(`${table(
        ['host', 'by ssh', 'by TLS'],
        lab.hosts.map(({ name, ssh, tls }) => [name, ssh, tls]),
      )}
free for a VIP: ${lab.vip}, a stack file: ${stackFile}
ssh needs the lab's own in front of PATH:   export PATH=${bin}:$PATH
TLS needs the lab's certificates:           export DOCKER_CERT_PATH=${keys} DOCKER_TLS_VERIFY=1
then e.g.                                   DOCKER_HOST=${lab.hosts[0].ssh} docker info
a stack on all of them                      npx twemstack up --file ${stackFile}
\`twemstack lab down\` removes all of it.
`);
    }
    return EXIT.done;
  } finally {
    await held.release();
  }
}

/** Leaves nothing of the lab. */
export async function labDownVerb(options: CommonOptions): Promise<number> {
  const { json, reporter } = verbContext(options);
  const held = await lock(LOCK, () => reporter.note('waiting for another `lab`'));
  try {
    const removed = await reporter.step('lab', async (step) => {
      const was = await labDown(labPlace(), step);
      step.outcome(was ? 'removed, with its images and data' : 'there was none');
      return was;
    });
    if (json) printJson({ removed });
    return EXIT.done;
  } finally {
    await held.release();
  }
}

/** The hosts as they are now; exit 1 when one is off or its engine is silent, or there is no lab. */
export async function labStatusVerb(options: CommonOptions): Promise<number> {
  const status = await labStatus(labPlace());
  if (options.json === true) printJson(status ?? []);
  else if (status === undefined) process.stdout.write('there is no lab; `twemstack lab up` makes one\n');
  else
    process.stdout.write(
      table(
        ['host', 'address', 'host is', 'engine'],
        status.map(({ engine, host, running }) => [
          host.name,
          host.address,
          running ? 'on' : 'off',
          engine ?? 'does not answer',
        ]),
      ),
    );
  return status?.every(isUp) === true ? EXIT.done : EXIT.notSo;
}

const isUp = ({ engine, running }: LabHostStatus): boolean => running && engine !== undefined;
