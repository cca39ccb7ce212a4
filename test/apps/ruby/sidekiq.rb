# Sidekiq: jobs, bulk, scheduled; its process, and what its dashboard shows.
require "tmpdir"
require_relative "sidekiq_jobs"
require "sidekiq/api"

say do
  Dir.mktmpdir do |folder|
    Note.perform_async(folder, 0)
    server = spawn({"APPS_PORT" => PORT.to_s}, "sidekiq", "-r", File.join(__dir__, "sidekiq_jobs.rb"), "-c", "4", in: :close, out: File::NULL, err: File::NULL)
    begin
      Note.perform_bulk((1..20).map { |number| [folder, number] })
      Note.perform_in(1, folder, 21)
      wait_until("all jobs") { Dir.children(folder).size == 22 }
      wait_until("the process on the dashboard") { Sidekiq::ProcessSet.new.size == 1 }
      wait_until("its figures") { Sidekiq::Stats.new.processed == 22 }
    ensure
      Process.kill("TERM", server)
      Process.wait(server)
    end
    5.times { |number| Note.set(queue: "later").perform_async(folder, number) }
    waiting = Sidekiq::Queue.new("later").size
    Sidekiq::Queue.new("later").clear
    {done: Dir.children(folder).map(&:to_i).max, waiting: waiting, cleared: Sidekiq::Queue.new("later").size, processes: Sidekiq::ProcessSet.new.size}
  end
end
