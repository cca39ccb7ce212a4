# Sidekiq through the death of its master: says "begun" when it is at work, hears "killed", and ends when enough of what
# it did after that worked, and everything that had been accepted.
require "tempfile"
require "tmpdir"
require_relative "sidekiq_jobs"

PAUSE = 0.025
BEFORE = 20
AFTER = 40
# so that a slow worker is not left behind
MOST_WAITING = 30

say do
  killed = false
  Thread.new { killed = true if $stdin.gets&.strip == "killed" }
  Tempfile.create do |log|
    Dir.mktmpdir do |folder|
      server = spawn({"APPS_PORT" => PORT.to_s}, "sidekiq", "-r", File.join(__dir__, "sidekiq_jobs.rb"), "-c", "4", in: :close, out: log, err: log)
      begin
        accepted, later, told, number = [], [], false, 0
        done = -> { Dir.children(folder).map(&:to_i) }
        while (later & done.call).size < AFTER
          if !told && done.call.size >= BEFORE
            told = true
            $stdout.puts "begun"
            $stdout.flush
          end
          sleep PAUSE
          next if (accepted - done.call).size >= MOST_WAITING
          since = killed
          begin
            Note.perform_async(folder, number)
            accepted << number
            later << number if since
          rescue Redis::BaseError
            # not accepted: its user knows, and would ask again
          end
          number += 1
        end
        begin
          wait_until("what was accepted") { (accepted - done.call).empty? }
        rescue RuntimeError
          # told below
        end
        lost = accepted - done.call
        # each fetch that failed may have cost the job that it was taking
        lost = [] if lost.size <= File.read(log.path).scan("Error fetching job").size
        {lost: lost, worked: Process.wait(server, Process::WNOHANG).nil?}
      ensure
        begin
          Process.kill("KILL", server)
          Process.wait(server)
        rescue SystemCallError
          # it has ended
        end
      end
    end
  end
end
