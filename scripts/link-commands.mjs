import { linkCommands } from './bootstrap.mjs';

linkCommands();
