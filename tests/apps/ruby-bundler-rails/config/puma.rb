# frozen_string_literal: true

threads ENV.fetch("RAILS_MAX_THREADS", 3)
port ENV.fetch("PORT", 3000)
pidfile ENV["PIDFILE"] if ENV["PIDFILE"]
