import 'reflect-metadata';
import { ClientProxyFactory, ServerRedis, Transport } from '@nestjs/microservices';
import { from, lastValueFrom, of, toArray } from 'rxjs';
import { host, run, until } from './verdicts.mjs';

/** What `@MessagePattern` and `@EventPattern` of a service register, asked by another one's client. */
await run(async (port) => {
  const options = { host, port };
  const events = [];
  const server = new ServerRedis(options);
  server.addHandler('sum', async (numbers) => of(numbers.reduce((sum, each) => sum + each)), false);
  server.addHandler('count', async (most) => from(Array.from({ length: most }, (_, i) => i)), false);
  server.addHandler('user.created', async (user) => events.push(user), true);
  await new Promise((resolve, reject) => server.listen((error) => (error ? reject(error) : resolve())));
  const client = ClientProxyFactory.create({ transport: Transport.REDIS, options });
  await client.connect();
  const sums = await Promise.all([1, 2, 3].map((n) => lastValueFrom(client.send('sum', [n, n]))));
  const stream = await lastValueFrom(client.send('count', 4).pipe(toArray()));
  client.emit('user.created', { id: 7 });
  await until('the event', () => events.length === 1);
  return { sums, stream, events };
});
