# frozen_string_literal: true

$stdout.sync = true
puts "worker started"
Signal.trap("TERM") { exit }
loop do
  File.write("/tmp/alive", "")
  sleep 2
end
