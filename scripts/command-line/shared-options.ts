/** Options that several verbs have. */
import { Option } from 'commander';

export const provider = () =>
  new Option('--provider <where>', 'where the Docker provider comes from').choices([
    'mirror',
    'registry',
    'bundled',
  ]);

export const removeData = () =>
  new Option(
    '--remove-data <name>',
    'also remove for good the data of this shard, member or domain, which the stack file has no place for; may be repeated',
  ).argParser((name: string, before: string[] | undefined) => [...(before ?? []), name]);

export const movesKeys = () =>
  new Option(
    '--moves-keys',
    'go on although keys will be looked for on another shard than they are stored on, or are in a database that their pool serves no more',
  );
