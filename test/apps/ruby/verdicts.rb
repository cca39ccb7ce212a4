# What every program here is started with: the port of a pool and how to name its keys ("" = the library's own way).
# It prints one JSON document of verdicts, or {"error": "..."} with what a user of the library would have been told.
require "json"

HOST = "127.0.0.1"
PORT = Integer(ENV["APPS_PORT"] || ARGV[0])
URL = "redis://#{":#{ENV["APPS_PASSWORD"]}@" if ENV["APPS_PASSWORD"]}#{HOST}:#{PORT}/0"

# Asks until it is so; what a user would wait for has half a minute.
def wait_until(what)
  ends = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 30
  while Process.clock_gettime(Process::CLOCK_MONOTONIC) < ends
    value = yield
    return value if value
    sleep 0.02
  end
  raise "waited 30 s for #{what}"
end

def say
  verdicts = begin
    yield
  rescue StandardError => e
    {error: "#{e.class}: #{e.message}"}
  end
  puts JSON.generate(verdicts)
end
