# frozen_string_literal: true

require "sinatra/base"

class Hello < Sinatra::Base
  set :host_authorization, permitted_hosts: []
  get("/") { "hello #{ENV.fetch('WHO')}" }
  get("/healthz") { "ok" }
end
