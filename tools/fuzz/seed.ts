import { fuzzReplyChunks, fuzzRequestChunks } from './chunks.ts';
import { fuzzCore } from './core.ts';

/** Everything that one seed stands for. @returns how many replies were checked @throws Error on the first wrong one */
export async function fuzzSeed(seed: number): Promise<number> {
  const answered = await fuzzCore(seed, 60);
  return answered + (await fuzzRequestChunks(seed)) + (await fuzzReplyChunks(seed));
}
