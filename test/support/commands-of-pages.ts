import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT } from '../../scripts/stack/home.ts';

/** What the pages tell people to type, and who types it in the tests. The stack of the pages is called `alpha`. */

/** Typed on a running stack, as they stand, in any order: they change nothing. */
export const ASKED = [
  'npx twemstack plan',
  'npx twemstack cli DBSIZE',
  'npx twemstack doctor',
  'npx twemstack logs',
  'npx twemstack logs --events --since 2h',
  'npx twemstack logs shard-1 sentinel --since 30m',
  'npx twemstack logs redis a --level warning',
  'npx twemstack logs alpha-edge-a --since all',
] as const;

/** Typed one after the other on a running stack: a redis gets an empty volume. */
export const REPLACED = [
  'docker rm --force alpha-shard-1-a',
  'docker volume rm alpha-shard-1-a-data',
  'npx twemstack up',
] as const;

/** Typed without a stack. */
export const UNDEPLOYED = [
  'npx twemstack plan --diagram svg',
  'npx twemstack plan --keys "user:*"',
  'npx twemstack keys locate user:1 user:2',
] as const;

/** Typed without a stack, with the stack file of docs/several-hosts.md. */
export const FOR_HOSTS = [
  'npx twemstack plan --firewall',
  'npx twemstack plan --firewall nftables',
  'npx twemstack plan --firewall --json',
] as const;

/** Typed without a stack, where there is such a file. */
export const GIVEN = [
  'npx twemstack secret set smtp < password-file',
  'npx twemstack secret set webhook < token-file',
] as const;

/** The same verb and options in a test that needs more around it: the file, and words of it that do it. */
export const ELSEWHERE: Readonly<Record<string, readonly [file: string, words: string]>> = {
  'npm start': ['test/stack/whole-stack.test.ts', "'scripts/twemstack.mjs', 'up'"],
  'npm run down': ['test/stack/whole-stack.test.ts', "stack.twemstack('down')"],
  'npm run down -- --volumes': ['test/stack/whole-stack.test.ts', "'down', '--volumes'"],
  'npm install --save-dev twemstack-0.1.0.tgz': ['test/support/installed-package.ts', "'--save-dev'"],
  'npm pack': ['test/support/installed-package.ts', "'npm', ['pack'"],
  'npm install': ['test/support/installed-package.ts', "'npm', ['install'"],
  'npm run build': ['test/stack/installed.ts', "'npm', 'run', '--silent', 'build'"],
  'docker build -t nutcracker dist/image': ['test/stack/installed.ts', "'build',\n        '--quiet'"],
  'npx nutcracker -t -c conf/nutcracker.yml': [
    'test/integration/package/package.test.ts',
    "'nutcracker', '-t', '-c'",
  ],
  'npx nutcracker': ['test/integration/proxy/how-to.test.ts', '-c conf/nutcracker.yml'],
  'npx nutcracker -c conf/nutcracker.yml': [
    'test/integration/proxy/how-to.test.ts',
    '-c conf/nutcracker.yml',
  ],
  "npx cdktf deploy '*'": ['test/stack/whole-stack.test.ts', "'cdktf',\n      'deploy'"],
  'npx cdktf deploy': ['test/stack/whole-stack.test.ts', "'cdktf',\n      'deploy'"],
  'npx cdktf synth --hcl': ['test/unit/scripts/link-providers.test.ts', 'SYNTH_HCL_OUTPUT'],
  'npx twemstack prepare': ['test/integration/prepare/prepare.test.ts', "'prepare'"],
  'npx twemstack upgrade': ['test/stack/whole-stack.test.ts', "'upgrade', '--json'"],
  'npx twemstack upgrade --dry-run': ['test/stack/whole-stack.test.ts', "'upgrade', '--dry-run'"],
  'npx twemstack doctor --json': ['test/stack/operating.ts', "'doctor', '--json'"],
  'npx twemstack logs --follow': ['test/unit/scripts/logs-verb.test.ts', "'--follow', '--since'"],
  'npx twemstack down': ['test/stack/whole-stack.test.ts', "stack.twemstack('down')"],
  'npx twemstack console': ['test/stack/console.ts', "'console', '--json'"],
  'npx twemstack console --allow-actions': [
    'test/integration/console/server.test.ts',
    'an action: only from the page itself',
  ],
  'npx twemstack secret adopt': ['test/stack/edits.ts', "'secret', 'adopt', '--json'"],
  'npx twemstack switchover shard-1': ['test/stack/drills.test.ts', "'switchover', 'shard-1', '--to'"],
  'npx twemstack secret application': ['test/stack/installed.ts', "'twemstack', 'secret', 'application'"],
  'npx twemstack cli SET greeting hello': ['test/stack/installed.ts', "'cli', 'SET', 'greeting', 'hello'"],
  'npx twemstack status': ['test/stack/whole-stack.test.ts', "stack.twemstack('status')"],
  'npx twemstack drill --list': ['test/unit/scripts/drill-alerts.test.ts', 'listText(listDrills())'],
  'npx twemstack drill': ['test/stack/drills.test.ts', "drill('switchover')"],
  "npx twemstack drill nemesis --replay '0 cut shard-1.master<>sentinel.1 proxy.2>shard-1.master; 1200 kill shard-1.replica-1; 3000 freeze edge.holder 800; 4000 mend; 7000 end'":
    ['test/stack/drills.test.ts', "'nemesis', '--replay'"],
  'npx twemstack backup': ['test/stack/backups.ts', "'backup', '--encrypt'"],
  'npx twemstack backup --encrypt': ['test/stack/backups.ts', "'backup', '--encrypt'"],
  'npx twemstack backup --keep 48': ['test/stack/backups.ts', "'--keep', '2'"],
  'npx twemstack backup --to /mnt/backups': [
    'test/unit/scripts/backup-schedule.test.ts',
    'is where the option says',
  ],
  'npx twemstack backup --to s3://bucket/prefix': ['test/integration/backup/s3.test.ts', 's3://'],
  'npx twemstack backup --to s3://backups/redis': ['test/integration/backup/s3.test.ts', 's3://'],
  'npx twemstack backup --rate unlimited': ['test/unit/scripts/backup-pace.test.ts', "rateOf('unlimited')"],
  'npx twemstack backup --schedule': ['test/unit/scripts/backup-schedule.test.ts', 'goes on from the newest'],
  'npx twemstack backup list': ['test/stack/backups.ts', "'backup', 'list'"],
  'npx twemstack restore': ['test/stack/backups.ts', "twemstack('restore', '--json')"],
  'npx twemstack restore --replace alpha': [
    'test/integration/backup/restore.test.ts',
    '--replace asks for its name',
  ],
  'npx twemstack import --from conf/nutcracker.yml --cut-over': [
    'test/integration/import/import.test.ts',
    'of the servers of a twemproxy',
  ],
  'npx twemstack import --from redis://app@10.0.0.7:6379 --pool alpha': [
    'test/integration/import/import.test.ts',
    "state.wish = 'close'",
  ],
  'npx twemstack lab up': ['test/integration/lab/lab.test.ts', 'labUp(place'],
  'npx twemstack lab up --hosts 4': ['test/integration/lab/lab.test.ts', '{ hosts: 4 }'],
  'npx twemstack lab status': ['test/integration/lab/lab.test.ts', 'labStatus('],
  'npx twemstack lab down': ['test/integration/lab/lab.test.ts', 'labDown(place'],
  'npx twemstack hosts': ['test/integration/lab/lab.test.ts', 'lookAtHosts('],
  'npm run attack -- --thin': ['test/stack/drills.test.ts', "'--thin'"],
  'npm run attack -- --list': ['test/unit/tools/attack.test.ts', 'says what it tries'],
  'npm run attack -- --only port-scan': ['test/unit/tools/attack.test.ts', 'what is chosen by name'],
  'npm run attack -- --json': ['test/stack/drills.test.ts', "'--json'"],
};

/** Typed by no test, and why. */
export const NOT_TYPED: Readonly<Record<string, string>> = {
  'npm test': 'it is the tests',
  'npm test -- apps': 'it is the tests',
  'npm run attack': 'twenty minutes; its quick ones are in test/stack/drills.test.ts',
  'npm run fuzz -- soak': 'ten minutes; a few seconds of it are in test/integration/proxy/soak.test.ts',
  'npm run fuzz': 'ten minutes; a few seconds of it are in test/unit/proxy/fuzz.test.ts',
  'npm run bench -- proxy': 'ten minutes, and needs an idle machine; how it counts is in test/unit/tools',
  'npm run bench -- path': 'needs an idle machine; how it counts is in test/unit/tools',
  'npm run bench -- backup':
    'needs an idle machine; a second of it is in test/integration/backup/backup.test.ts',
  'npx twemstack bench stack': 'needs an idle machine',
  'npm run drill:own':
    'four minutes; what it holds against what is in test/unit/tools and test/integration/drill, the verbs in test/stack/backups.ts',
  'npm run record': 'makes the pictures of the README, which a person looks at',
  'npx twemstack drill kill-host partition-host --file ~/.cache/twemstack/lab/stack.yaml --rounds 5':
    'ten minutes; what they do to a lab is in test/integration/lab/lab.test.ts',
  'npx twemstack drill alerts':
    'three minutes; what it waits for is in test/unit/scripts/drill-alerts.test.ts',
  'npx twemstack drill kill-master --hold': 'as the one before it',
  'npx twemstack drill nemesis --rounds 200 --seed 1':
    'two hours; a script of it is replayed in test/stack/drills.test.ts',
  'npx twemstack console --port 7001':
    'a port of its own choice may be taken; the verb is in test/stack/console.ts',
  'npx twemstack secret rotate application':
    'a minute each, as every domain has its turn twice; `drill wrong-password-after-rotation` types it, the phases are in test/unit/scripts/rotation.test.ts',
  'npx twemstack secret rotate application --finish': 'as the one before it',
  'npx twemstack secret rotate proxy': 'as the one before it',
  'npx twemstack up --file ~/.cache/twemstack/lab/stack.yaml':
    'a stack on three engines is brought up by test/stack/three-hosts.test.ts, from a file of its own',
  'npx tsx tools/docs/commands.ts':
    'writes a page; test/unit/proxy/docs.test.ts holds the page against the table',
  'docker compose -f examples/proxy/compose.yaml up':
    'Debian has no compose plugin; test/stack/installed.ts runs the image with the command and the volumes of the file',
};

/** A command of a page, without its comment; `twemstack` as `npx twemstack`. */
const commandIn = (text: string): string =>
  text
    .replace(/^\$ /, '')
    .replace(/\s+#.*$/, '')
    .replace(/^twemstack /, 'npx twemstack ')
    .trim();

/** What stands for others: `NAME`, `[--json]`, `a|b`, `…`. Which verbs and options there are is another test's. */
const FORM = /[[|…]|(?<!cli) [A-Z]{2,}\b/;

/** Every command for this program or for npm and Docker that README, `docs/` and `examples/` show, with its page. */
export function commandsOfPages(): readonly (readonly [page: string, command: string])[] {
  const pages = ['README.md', ...pagesIn('docs'), ...pagesIn('examples')];
  return pages.flatMap((page) => {
    const text = readFileSync(join(CHECKOUT, page), 'utf8');
    const blocks = [...text.matchAll(/^ {4}(?:\$ )?((?:npx|npm|docker|twemstack) .*)$/gm)];
    const inline = [...text.replace(/^```.*?^```/gms, '').matchAll(/`((?:npx|npm) [^`\n]+)`/g)];
    const commands = [...blocks, ...inline].map(([, command]) => commandIn(command));
    return [...new Set(commands)]
      .filter((command) => !FORM.test(command))
      .map((command) => [page, command] as const);
  });
}

function pagesIn(folder: string): string[] {
  return (readdirSync(join(CHECKOUT, folder), { recursive: true }) as string[])
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
}
