import { writeFileSync } from 'node:fs';
import { commandsPage } from '../../proxy/admin/commands-page.ts';

writeFileSync('docs/commands.md', commandsPage());
