# What Sidekiq's process runs, and who gives it work.
require "sidekiq"
require_relative "verdicts"

Sidekiq.configure_client { |config| config.redis = {url: URL} }
Sidekiq.configure_server do |config|
  config.redis = {url: URL}
  # scheduled jobs are looked for every half second
  config.options[:poll_interval_average] = 0.5
end

class Note
  include Sidekiq::Worker

  def perform(folder, number)
    File.write(File.join(folder, number.to_s), "")
  end
end
