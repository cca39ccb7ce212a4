import { register } from '../attack.ts';
import { brief, isError } from '../wire.ts';

const ACCOUNTS = ['operator', 'proxy', 'replication', 'sentinel', 'default', 'root', 'admin'];

register({
  name: 'other-accounts',
  tries: 'the application’s password, and those that people choose, for the accounts of others',
  as: ['application', 'nobody'],
  thin: true,
  seconds: 20,
  async run(attacker) {
    const own = attacker.target.password;
    const passwords = [...(own === undefined ? [] : [own]), '', 'redis', 'password', 'foobared'];
    const got: string[] = [];
    let tried = 0;
    for (const account of ACCOUNTS) {
      for (const password of passwords) {
        const wire = await attacker.connect();
        for (const words of [
          ['AUTH', account, password],
          ['HELLO', '3', 'AUTH', account, password],
        ]) {
          tried += 1;
          const answer = await wire.ask(...words);
          // The default account is who an application is to the proxy.
          if (!isError(answer) && !(account === 'default' && password === own))
            got.push(`${words[0]} as ${account} -> ${brief(answer)}`);
        }
        wire.close();
      }
    }
    if (attacker.guise === 'nobody') {
      const wire = await attacker.connect();
      for (const words of [
        ['GET', 'bystander:1'],
        ['INFO'],
        ['CLIENT', 'LIST'],
        ['DBSIZE'],
        ['EVAL', 'return 1', '0'],
        ['SUBSCRIBE', 'a'],
      ]) {
        const answer = await wire.ask(...words);
        if (!isError(answer)) got.push(`without a password ${words.join(' ')} -> ${brief(answer)}`);
      }
      wire.close();
    }
    return { did: `${tried} tries`, got };
  },
});
