import { nodesWith } from './socket-io-nodes.mjs';
import { run, until } from './verdicts.mjs';

await run(async (port, kind) => {
  const { nodes, users } = await nodesWith(port, kind);
  const heard = users.map(() => []);
  users.forEach((user, i) => {
    user.on('news', (text) => heard[i].push(text));
    user.on('asked', (answer) => answer(`user ${i}`));
  });
  const [{ server }] = nodes;
  server.emit('news', 'all');
  server.to('room').emit('news', 'room');
  await until('the news', () => heard.every((list) => list.length === 2));
  const acknowledged = await server.timeout(10_000).emitWithAck('asked');
  const others = await server.serverSideEmitWithAck('nodes');
  return {
    heard: heard.map((list) => list.toSorted().join()),
    acknowledged: acknowledged.toSorted(),
    others,
  };
});
