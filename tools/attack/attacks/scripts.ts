import { register } from '../attack.ts';
import { brief, isError, request } from '../wire.ts';

const ESCAPES: ReadonlyArray<readonly [name: string, script: string]> = [
  ['io', "return io.open('/etc/passwd'):read('*a')"],
  ['os', "return os.execute('id')"],
  ['dofile', "return dofile('/etc/twemstack/users.acl')"],
  ['loadfile', "return tostring(loadfile('/etc/twemstack/redis.conf'))"],
  ['package', "return tostring(package.loadlib('/usr/lib/x86_64-linux-gnu/liblua5.1.so.0','luaopen_io'))"],
  ['require', "return require('os')"],
  ['debug', 'return tostring(debug.getregistry())'],
  ['bytecode', "return loadstring('\\27Lua\\81\\0\\1\\4\\8\\4\\8\\0')()"],
  ['globals', "_G['redis'] = nil return 'redefined'"],
  ['metatable', "getmetatable('').__index.upper = function() return 'x' end return 'changed'"],
];

register({
  name: 'script-sandbox',
  tries: 'leaves the sandbox of scripts: files, programs, libraries, globals of other scripts',
  as: ['application'],
  thin: true,
  seconds: 10,
  async run(attacker) {
    const got: string[] = [];
    const wire = await attacker.enter();
    for (const [name, script] of ESCAPES) {
      const answer = await wire.ask('EVAL', script, '1', attacker.key('s'));
      if (!isError(answer) && !/^\$3\r\nnil|^\$-1|^_/.test(answer ?? ''))
        got.push(`${name} -> ${brief(answer)}`);
    }
    wire.close();
    return { did: `${ESCAPES.length} ways out`, got };
  },
});

register({
  name: 'endless-script',
  tries: 'a script that never ends, and one that writes before it never ends',
  as: ['application'],
  seconds: 20,
  async run(attacker) {
    const { wires } = await attacker.many(2);
    const [reader, writer] = wires;
    await reader.send(`EVAL "while true do end" 1 ${attacker.key('a')}\r\n`);
    await writer.send(`EVAL "redis.call('SET',KEYS[1],'1') while true do end" 1 ${attacker.key('b')}\r\n`);
    const answers = await Promise.all(wires.map((wire) => wire.reply(15_000)));
    for (const wire of wires) wire.close();
    return { did: answers.map(brief).join(' | '), got: [] };
  },
});

register({
  name: 'script-memory',
  tries: 'a script that fills the memory of the server with strings of its own',
  as: ['application'],
  seconds: 15,
  async run(attacker) {
    const wire = await attacker.enter();
    const script = "local t={} for i=1,2000 do t[i]=string.rep('x',1000000)..i end return #t";
    const answer = await wire.ask('EVAL', script, '1', attacker.key('m'));
    const last = answer ?? (await wire.reply(8000));
    wire.close();
    return { did: brief(last), got: [] };
  },
});

register({
  name: 'unique-scripts',
  tries: '20,000 different scripts of 4 KB, each of which the servers keep',
  as: ['application'],
  seconds: 25,
  async run(attacker) {
    const { wires } = await attacker.many(8);
    let sent = 0;
    const answers = new Set<string>();
    await Promise.all(
      wires.map(async (wire, n) => {
        while (sent < 20_000 && attacker.timeLeft > 4000 && !wire.closed) {
          sent += 1;
          const script = `return ${sent} -- ${'x'.repeat(4000)}`;
          answers.add(brief(await wire.ask('EVAL', script, '1', attacker.key(n))).replace(/\d+/, 'N'));
        }
        wire.close();
      }),
    );
    return { did: `${sent} scripts; ${[...answers].slice(0, 3).join(' | ')}`, got: [] };
  },
});

register({
  name: 'script-garbage',
  tries: 'scripts that use 10 MB for a moment, so that the scripts of others are forgotten',
  as: ['application'],
  seconds: 8,
  async run(attacker) {
    const got: string[] = [];
    const [heavy, other] = (await attacker.many(2)).wires;
    const sha = ((await other.ask('SCRIPT', 'LOAD', 'return 1')) ?? '').split('\r\n')[1];
    const call = request('EVALSHA', sha, '1', attacker.key('s'));
    let calls = 0;
    while (attacker.timeLeft > 5000 && got.length === 0) {
      await heavy.ask(
        'EVAL',
        'local t = {} for i = 1, 100000 do t[i] = {i} end return #t',
        '1',
        attacker.key('s'),
      );
      // the first of them cannot be sent again when more has been sent behind it
      await other.send(Buffer.concat([call, call]));
      for (const answer of [await other.reply(1000), await other.reply(1000)])
        if (isError(answer)) got.push(brief(answer));
      calls += 1;
    }
    for (const wire of [heavy, other]) wire.close();
    return { did: `${calls} scripts`, got };
  },
});

register({
  name: 'function-memory',
  tries:
    'libraries of a hundred bytes that fill a table of 8 MB when they are loaded, on every member and at each start',
  as: ['application'],
  seconds: 20,
  async run(attacker) {
    const wire = await attacker.enter();
    const answers = new Set<string>();
    let sent = 0;
    for (; sent < 64 && attacker.timeLeft > 4000 && !wire.closed; sent++) {
      const table = 'local t = {} for i = 1, 500000 do t[i] = i end';
      const library = `#!lua name=m${sent}\n${table} redis.register_function('m${sent}', function() return #t end)`;
      answers.add(brief(await wire.ask('FUNCTION', 'LOAD', library)).replace(/\d+/g, 'N'));
    }
    await wire.ask('FUNCTION', 'FLUSH');
    wire.close();
    return { did: `${sent} libraries; ${[...answers].slice(0, 3).join(' | ')}`, got: [] };
  },
});

const FORBIDDEN: readonly string[] = [
  "redis.call('PUBLISH','__sentinel__:hello','x')",
  "redis.call('CONFIG','SET','maxmemory','1')",
  "redis.call('ACL','SETUSER','application','+@all')",
  "redis.call('REPLICAOF','NO','ONE')",
];

register({
  name: 'functions',
  tries: 'loads functions that do what its account may not',
  as: ['application'],
  thin: true,
  seconds: 8,
  async run(attacker) {
    const got: string[] = [];
    const wire = await attacker.enter();
    const functions = FORBIDDEN.map(
      (call, n) => `redis.register_function('f${n}', function() return ${call} end)`,
    );
    await wire.ask('FUNCTION', 'LOAD', 'REPLACE', `#!lua name=hostile\n${functions.join('\n')}`);
    for (const [n, call] of FORBIDDEN.entries()) {
      const answer = await wire.ask('FCALL', `f${n}`, '1', attacker.key('f'));
      if (!isError(answer)) got.push(`${call} -> ${brief(answer)}`);
    }
    await wire.ask('FUNCTION', 'DELETE', 'hostile');
    wire.close();
    return { did: `${FORBIDDEN.length} calls`, got };
  },
});
