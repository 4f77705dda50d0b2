# frozen_string_literal: true

require_relative "greeting"
require "socket"

# One thread for each request, by hand: the images of ruby have no server among what comes with them.
server = TCPServer.new("0.0.0.0", 8000)
Signal.trap("TERM") { exit }
puts "listening"
$stdout.flush
loop do
  Thread.new(server.accept) do |client|
    path = client.gets.to_s.split[1]
    body = case path
           when "/hello" then greeting(ENV.fetch("GREETING"))
           when "/malloc" then File.read("/proc/self/maps").include?("jemalloc").to_s
           when "/notes" then File.write("/app/data/note", "kept").then { File.read("/app/data/note") }
           end
    status = body ? "200 OK" : "404 Not Found"
    client.write("HTTP/1.1 #{status}\r\nContent-Length: #{body.to_s.bytesize}\r\nConnection: close\r\n\r\n#{body}")
  ensure
    client.close
  end
end
