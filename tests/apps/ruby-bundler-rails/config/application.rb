# frozen_string_literal: true

require "bundler/setup"
require "rails"
require "action_controller/railtie"
Bundler.require(*Rails.groups)

class Hello < Rails::Application
  config.load_defaults 8.0
  config.eager_load = true
  config.logger = Logger.new($stdout)
end
