<?php
// The extension redis: pipelines, transactions with WATCH, scripts, walking, waiting; and what stands behind PHP's sessions.
require __DIR__ . '/verdicts.php';

say(function (int $port): array {
    $redis = new Redis();
    $redis->connect(HOST, $port);
    $redis->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
    $keys = names('phpredis');
    $pipe = $redis->pipeline();
    foreach ($keys as $key) {
        $pipe->setex($key, 60, $key);
    }
    $verdicts = ['piped' => count(array_filter($pipe->exec())), 'many' => $redis->mget($keys) === $keys];
    $verdicts['transaction'] = $redis->multi()->decrBy('{php}:a', 5)->incrBy('{php}:b', 5)->exec();
    $other = new Redis();
    $other->connect(HOST, $port);
    $redis->watch('{php}:a');
    $other->incr('{php}:a');
    $verdicts['watched'] = $redis->multi()->incr('{php}:b')->exec();
    $verdicts['scripts'] = 0;
    $sha = $redis->script('load', "return redis.call('incrby', KEYS[1], ARGV[1])");
    foreach (names('phpredis-s') as $i => $name) {
        $verdicts['scripts'] += $redis->evalSha($sha, [$name, $i], 1) === $i ? 1 : 0;
    }
    $found = [];
    $cursor = null;
    while ($page = $redis->scan($cursor, 'phpredis:*')) {
        array_push($found, ...$page);
    }
    $verdicts['scanned'] = count(array_unique($found));
    // a reply that belongs to nothing would come here
    $verdicts['after'] = $redis->get($keys[0]) === $keys[0];
    $redis->rPush('phpredis-jobs', 'job');
    $verdicts['popped'] = $redis->blPop(['phpredis-jobs'], 5);
    $verdicts['deleted'] = $redis->del($keys);

    session_module_name('redis');
    session_save_path('tcp://' . HOST . ":$port");
    session_id('visitor');
    session_start();
    $_SESSION['visits'] = 1;
    session_write_close();
    session_start();
    $verdicts['session'] = $_SESSION['visits'];
    session_destroy();
    session_id('visitor');
    session_start();
    $verdicts['destroyed'] = $_SESSION;
    return $verdicts;
});
