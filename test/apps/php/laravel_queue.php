<?php
// Laravel's queue as a worker of `queue:work` runs it: jobs, bulk, delayed, one that fails at first, a worker that waits. Its
// client is the extension redis, which is the default, or predis.
foreach (['Queue', 'Redis', 'Events', 'Bus', 'Container'] as $part) {
    require "Illuminate/$part/autoload.php";
}
require 'Predis/Autoloader.php';
require __DIR__ . '/verdicts.php';

Predis\Autoloader::register();

use Illuminate\Bus\Dispatcher;
use Illuminate\Container\Container;
use Illuminate\Contracts\Bus\Dispatcher as DispatcherContract;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Contracts\Queue\ShouldQueue;
use Illuminate\Events\Dispatcher as Events;
use Illuminate\Queue\Capsule\Manager;
use Illuminate\Queue\Connectors\RedisConnector;
use Illuminate\Queue\InteractsWithQueue;
use Illuminate\Queue\Worker;
use Illuminate\Queue\WorkerOptions;
use Illuminate\Redis\RedisManager;

class Numbered implements ShouldQueue
{
    use InteractsWithQueue;

    public static array $done = [];
    public static int $tries = 0;

    public function __construct(private int $number, private bool $failsAtFirst = false)
    {
    }

    public function handle(): void
    {
        if ($this->failsAtFirst && ++self::$tries === 1) {
            throw new RuntimeException('not this time');
        }
        self::$done[] = $this->number;
    }
}

class Quiet implements ExceptionHandler
{
    public function report(Throwable $e)
    {
    }

    public function shouldReport(Throwable $e)
    {
        return false;
    }

    public function render($request, Throwable $e)
    {
    }

    public function renderForConsole($output, Throwable $e)
    {
    }
}

say(function (int $port, ?string $naming): array {
    [$client, $queue] = $naming === 'predis' ? ['predis', 'default'] : ['phpredis', $naming ?? 'default'];
    $container = new Container();
    Container::setInstance($container);
    $container->instance(Container::class, $container);
    $container->instance(Illuminate\Contracts\Container\Container::class, $container);
    $container->instance(DispatcherContract::class, new Dispatcher($container));
    $servers = ['options' => ['prefix' => ''], 'default' => ['host' => HOST, 'port' => $port, 'database' => 0]];
    $redis = new RedisManager($container, $client, $servers);
    $container->instance('redis', $redis);
    $container->instance('events', $events = new Events($container));
    $manager = new Manager($container);
    $manager->addConnector('redis', fn() => new RedisConnector($redis));
    $settings = ['driver' => 'redis', 'connection' => 'default', 'queue' => $queue, 'retry_after' => 90, 'block_for' => 2];
    $manager->addConnection($settings);
    $queues = $manager->getQueueManager();
    $jobs = $queues->connection('default');
    foreach (range(0, 9) as $number) {
        $jobs->push(new Numbered($number));
    }
    $jobs->bulk([new Numbered(10), new Numbered(11), new Numbered(12, true)]);
    $jobs->later(1, new Numbered(13));
    $verdicts = ['waiting' => $jobs->size()];
    $worker = new Worker($queues, $events, new Quiet(), fn() => false);
    // its first look waits in BLPOP for the delayed one
    for ($until = microtime(true) + 30; count(Numbered::$done) < 14 && microtime(true) < $until;) {
        $worker->runNextJob('default', $queue, new WorkerOptions(maxTries: 3, sleep: 0));
    }
    sort(Numbered::$done);
    $verdicts += ['done' => Numbered::$done, 'tries' => Numbered::$tries, 'left' => $jobs->size()];
    $jobs->push(new Numbered(14));
    $verdicts['cleared'] = $jobs->clear($queue);
    return $verdicts + ['after' => $jobs->size()];
});
