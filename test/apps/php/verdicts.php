<?php
// What every program here is started with: the port of a pool and how to name its keys ("" = the library's own way).
// It prints one JSON document of verdicts, or {"error": "..."} with what a user of the library would have been told.

const HOST = '127.0.0.1';

function say(callable $program): void
{
    global $argv;
    try {
        $verdicts = $program((int) $argv[1], $argv[2] === '' ? null : $argv[2]);
    } catch (Throwable $error) {
        $verdicts = ['error' => get_class($error) . ': ' . $error->getMessage()];
    }
    echo json_encode($verdicts), "\n";
}

/** Names that are spread over the shards. */
function names(string $prefix): array
{
    return array_map(fn(int $i): string => "$prefix:$i:" . $i * 7919, range(0, 99));
}
