/** Run by main.ts where the stack's networks are: drills it. Arguments: keys, file of the report, `--json`. */
import { EXIT, tellOperator } from '../../scripts/errors.ts';
import { consoleReporter } from '../../scripts/report/steps.ts';
import { Home, homeFolder } from '../../scripts/stack/home.ts';
import { loadPlan } from '../../scripts/stack/load.ts';
import { drillRestore, restoreText } from './restore.ts';
import { twemstack } from './twemstack.ts';

async function main([keys, html, format]: readonly string[]): Promise<number> {
  const json = format === '--json';
  const alerts = await twemstack(['drill', 'alerts', '--html', html, ...(json ? ['--json'] : [])], true);
  // Anything else is no finding.
  if (alerts.exitCode !== EXIT.done && alerts.exitCode !== EXIT.notSo) return alerts.exitCode;
  if (!json) process.stdout.write(`${alerts.stdout}\n`);
  const plan = loadPlan(undefined);
  const home = new Home(homeFolder(undefined));
  const restore = await drillRestore({ plan, home, keys: Number(keys), reporter: consoleReporter() });
  if (json)
    process.stdout.write(`${JSON.stringify({ alerts: JSON.parse(alerts.stdout), restore }, null, 2)}\n`);
  else process.stdout.write(restoreText(restore));
  return restore.passed ? alerts.exitCode : EXIT.notSo;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = tellOperator(error);
}
