import type { OwnRedis } from './own-redis.ts';
import { ReplyError } from './redis.ts';
import type { FullView, LuaBytes } from './view.ts';

/** Scripts may take one part in so many of `maxmemory`, and functions another. */
const SHARE = 8;
/** While a redis is full its functions' garbage stays, so no more than one part in so many is taken for what they keep. */
const FULL = 4;
/** And no more than this: whoever has more must be able to be looked through in a moment. Bytes. */
const MOST = 64_000_000;

/**
 * Bounds what Lua takes for longer than a call. Redis before 7.4 forgets no script that came with EVAL; and what Lua itself
 * allocates, compiled code and whatever functions keep, is not among what `maxmemory` counts, while FUNCTION LOAD is in the
 * append-only file and on every replica: a library of a hundred bytes that fills a table would have all members of a shard
 * ended by the kernel, again and again. Garbage goes first, so that nobody loses what they loaded because of a script that
 * used much for a moment. What is left above the bound then is let go of as a whole: scripts are sent again by the proxies
 * that keep them, functions have to be loaded again.
 */
export class LuaBound {
  constructor(
    private readonly redis: OwnRedis,
    private readonly say: (text: string) => void,
  ) {}

  /** Looks at what Lua takes. @param view how the redis stands now */
  async keep({ role, scripts, functions, libraries, maxmemory }: FullView): Promise<void> {
    const most = Math.min(maxmemory / SHARE, MOST);
    if (most === 0) return;
    if (sum(scripts) > most) await this.keepScripts(scripts, most);
    // a replica has the functions of its master, which alone can change them
    if (role === 'master' && sum(functions) > most) await this.keepFunctions(functions, libraries, most);
  }

  private async keepScripts({ text }: LuaBytes, most: number): Promise<void> {
    const bytes = text + (await this.redis.collectScriptGarbage());
    if (bytes <= most) return;
    this.say(
      `its Lua scripts took ${held(bytes, most)}: all forgotten; an application sends ever new ones instead of values in ARGV`,
    );
    await this.redis.forgetScripts();
  }

  private async keepFunctions({ text, lua }: LuaBytes, libraries: number, most: number): Promise<void> {
    const left = await this.functionsWithoutGarbage();
    // a redis that is full does not tell how much is garbage
    const bytes = text + (left ?? lua / FULL);
    if (bytes <= most || libraries === 0) return;
    this.say(
      `its functions (FUNCTION LOAD) took ${held(text + (left ?? lua), most)}: all ${libraries} libraries deleted; one keeps values in variables of its own, where maxmemory does not count them`,
    );
    await this.redis.deleteFunctions();
    await this.functionsWithoutGarbage();
  }

  /** undefined: redis takes no function now with which that could be done. */
  private async functionsWithoutGarbage(): Promise<number | undefined> {
    try {
      return await this.redis.collectFunctionGarbage();
    } catch (error) {
      if (error instanceof ReplyError) return undefined;
      throw error;
    }
  }
}

const sum = ({ text, lua }: LuaBytes): number => text + lua;
const held = (bytes: number, most: number): string =>
  `${Math.round(bytes / 1e6)} MB, more than ${Math.round(most / 1e6)} MB`;
