<?php
// predis: pipelines, transactions with and without WATCH, scripts, walking, waiting, listening.
require 'Predis/Autoloader.php';
require __DIR__ . '/verdicts.php';

Predis\Autoloader::register();

say(function (int $port): array {
    $settings = ['host' => HOST, 'port' => $port];
    $redis = new Predis\Client($settings);
    $keys = names('predis');
    $piped = $redis->pipeline(function ($pipe) use ($keys) {
        foreach ($keys as $key) {
            $pipe->setex($key, 60, $key);
        }
    });
    $verdicts = ['piped' => count($piped), 'many' => $redis->mget($keys) === $keys];
    $verdicts['transaction'] = $redis->transaction()->decrby('{predis}:a', 5)->incrby('{predis}:b', 5)->execute();
    $verdicts['atomic'] = $redis->pipeline(['atomic' => true], fn($pipe) => $pipe->incr('{predis}:c')->incr('{predis}:c'));
    $watched = ['cas' => true, 'watch' => '{predis}:a', 'retry' => 1];
    $other = new Predis\Client($settings);
    $tries = 0;
    $redis->transaction($watched, function ($tx) use ($other, &$tries) {
        $value = $tx->get('{predis}:a');
        if ($tries++ === 0) {
            $other->set('{predis}:a', 7);
        }
        $tx->multi();
        $tx->set('{predis}:b', $value);
    });
    $verdicts['tries'] = $tries;
    $verdicts['copied'] = $redis->get('{predis}:b');
    $verdicts['scripts'] = 0;
    $script = "return redis.call('incrby', KEYS[1], ARGV[1])";
    foreach (names('predis-s') as $i => $name) {
        $verdicts['scripts'] += $redis->eval($script, 1, $name, $i) === $i ? 1 : 0;
    }
    $found = iterator_to_array(new Predis\Collection\Iterator\Keyspace($redis, 'predis:*'), false);
    $verdicts['scanned'] = count(array_unique($found));
    $redis->rpush('predis-jobs', ['job']);
    $verdicts['popped'] = $redis->blpop(['predis-jobs'], 5);
    $listener = new Predis\Client($settings + ['read_write_timeout' => 30]);
    foreach ($listener->pubSubLoop(['subscribe' => 'predis-news']) as $message) {
        if ($message->kind === 'subscribe') {
            $verdicts['receivers'] = $redis->publish('predis-news', 'today');
        } else {
            $verdicts['heard'] = $message->payload;
            break;
        }
    }
    $verdicts['deleted'] = $redis->del($keys);
    return $verdicts;
});
